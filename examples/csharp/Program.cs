using ForegSyte.Example;

// analyze HOST:PORT VIDEO | convert TYPE OUTPUT_FOLDER FILE…
switch (args)
{
    case ["analyze", var server, var video]:
        return await Analyze.RunAsync(server, video);
    case ["convert", var type, var output, .. var files]:
        Conversion.Run(type, output, files);
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: analyze HOST:PORT VIDEO | convert TYPE OUTPUT_FOLDER FILE…");
        return 2;
}
