using ForegSyte.Hosting;
using ForegSyte.Hosting.Starting;
using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Backups;
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
using ForegSyte.Web;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

if (AdminCommandLine.Handles(args)
    && await AdminCommandLine.RunAsync(args, Console.Out, Console.Error, CheckAsync, CancellationToken.None)
        is var exitCode
    && !StartupArguments.AskForHelp(args))
{
    return exitCode;
}

return await ForegSyteHost.RunAsync("JobService", args, AdminCommandLine.Commands, BuildAndLoad, async services =>
{
    services.GetRequiredService<DataFolders>().Protect();
    await services.CheckS3StorageAsync();
    if (services.GetService<DatabaseTakeover>() is { } takeover)
    {
        await takeover.RunAsync();
    }

    services.PrepareWebPage();
});

WebApplication BuildAndLoad()
{
    var app = Build(args);

    // Load the pipelines now, so that a broken one stops the start and not the first job.
    if (!StartupArguments.AskForHelp(args))
    {
        app.Services.GetRequiredService<PipelineDirectory>();
    }

    return app;
}

// Commands refuse the settings that the start refuses.
static async Task CheckAsync(string[] settings)
{
    await using var app = Build(settings);
    app.Services.GetRequiredService<IStartupValidator>().Validate();
}

static WebApplication Build(string[] args)
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
    builder.Services.AddBackups(builder.Configuration);
    builder.Services.AddRetention();
    builder.Services.AddSearch();
    builder.Services.AddJobRpcs();
    builder.Services.AddWebPage(builder.Configuration);

    var app = builder.Build();
    app.MapForegSyteHost(http => http.UseWebSessions(), http => http.UseWebPages());
    app.MapGrpcService<JobGrpcService>();
    app.MapGrpcService<UploadGrpcService>();
    app.MapGrpcService<SearchGrpcService>();

    return app;
}
