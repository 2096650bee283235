using ForegSyte.CommandLine.Running;

return await ForegSyteCommandLine.RunAsync(args, CommandEnvironment.OfThisProcess(), CancellationToken.None);
