using ForegSyte.CommandLine;
using ForegSyte.CommandLine.Invocation;

return await ForegSyteCommandLine.RunAsync(args, CommandEnvironment.OfThisProcess(), CancellationToken.None);
