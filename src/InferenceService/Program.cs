using ForegSyte.Hosting;
using ForegSyte.Hosting.Starting;
using ForegSyte.Inference.Commands;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using Contract = ForegSyte.Inference.V1.InferenceService;

if (ModelCommandLine.Handles(args)
    && await ModelCommandLine.RunAsync(args, Console.Out, Console.Error, CancellationToken.None) is var exitCode
    && !StartupArguments.AskForHelp(args))
{
    return exitCode;
}

return await ForegSyteHost.RunAsync("InferenceService", args, ModelCommandLine.Commands, () =>
{
    var builder = ForegSyteHost.CreateBuilder(args);
    builder.AddForegSyteHost("InferenceService", defaultPort: 5201, Contract.Descriptor);
    builder.AddVideo();
    builder.Services.AddPipelines(builder.Configuration);
    builder.AddInference();

    var app = builder.Build();
    app.MapForegSyteHost();
    app.MapGrpcService<InferenceGrpcService>();
    return app;
});
