using ForegSyte.Example;
using Grpc.Core;

// analyze HOST:PORT VIDEO | zones HOST:PORT VIDEO | convert TYPE OUTPUT_FOLDER FILE…
switch (args)
{
    case ["analyze" or "zones", var server, var video]:
        try
        {
            return await (args[0] == "zones" ? Zones.RunAsync(server, video) : Analyze.RunAsync(server, video));
        }
        catch (RpcException exception)
        {
            // For example a video that is too large for a message, or a server that is not there.
            await Console.Error.WriteLineAsync($"error {exception.StatusCode}: {exception.Status.Detail}");
            return 1;
        }
        catch (IOException exception)
        {
            await Console.Error.WriteLineAsync($"error: {exception.Message}");
            return 1;
        }
    case ["convert", var type, var output, .. var files]:
        Conversion.Run(type, output, files);
        return 0;
    default:
        await Console.Error.WriteLineAsync(
            "usage: analyze HOST:PORT VIDEO | zones HOST:PORT VIDEO | convert TYPE OUTPUT_FOLDER FILE…");
        return 2;
}
