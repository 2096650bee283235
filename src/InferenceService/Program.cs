using ForegSyte.Hosting;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using Contract = ForegSyte.Inference.V1.InferenceService;

return await ForegSyteHost.RunAsync("InferenceService", args, commands: [], () =>
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
