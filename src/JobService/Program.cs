using ForegSyte.Hosting;
using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Jobs.Webhooks;
using ForegSyte.V1;
using Contract = ForegSyte.V1.JobService;

if (AdminCommandLine.Handles(args))
{
    return await AdminCommandLine.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
}

return await ForegSyteHost.RunAsync("JobService", args, AdminCommandLine.Commands, Build, async services =>
{
    services.GetRequiredService<DataFolders>().Protect();
    await services.CheckS3StorageAsync();
    if (services.GetService<DatabaseTakeover>() is { } takeover)
    {
        await takeover.RunAsync();
    }
});

WebApplication Build()
{
    var builder = ForegSyteHost.CreateBuilder(args);
    builder.AddForegSyteHost("JobService", defaultPort: 5200, Contract.Descriptor, UploadService.Descriptor,
        SearchService.Descriptor);
    builder.Services.AddFaults();
    builder.Services.AddStorage(builder.Configuration);
    builder.Services.AddS3Storage(builder.Configuration);
    builder.Services.AddInferenceClient();
    builder.Services.AddFetching();
    builder.Services.AddTenants();
    builder.Services.AddWebhooks();
    builder.Services.AddUploads();
    builder.Services.AddCluster(builder.Configuration);
    builder.Services.AddSubmission();
    builder.Services.AddDispatcher();
    builder.Services.AddPostgreSql(builder.Configuration);
    builder.Services.AddRetention();
    builder.Services.AddSearch();
    builder.Services.AddJobRpcs();

    var app = builder.Build();
    app.MapForegSyteHost();
    app.MapGrpcService<JobGrpcService>();
    app.MapGrpcService<UploadGrpcService>();
    app.MapGrpcService<SearchGrpcService>();

    // Load the pipelines now, so that a broken one stops the start and not the first job.
    app.Services.GetRequiredService<PipelineDirectory>();
    return app;
}
