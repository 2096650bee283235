namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>
/// The allowed uses between namespaces. A use that is not listed fails the tests, and so does a listed use that does
/// not occur. Program.cs is exempt.
/// </summary>
internal static class Layering
{
    private const string Protocol = "Protocol";
    private const string Hosting = "Hosting";
    private const string Reader = "Reader";
    private const string Exports = "Exports";
    private const string DuckDb = "DuckDB";
    private const string Npgsql = "Npgsql";
    private const string FluentMigrator = "FluentMigrator";
    private const string GrpcLibrary = "Grpc library";
    private const string AspNetCore = "ASP.NET Core";
    private const string OnnxRuntime = "ONNX Runtime";
    private const string AwsSdk = "AWS SDK";
    private const string CloudEvents = "CloudEvents";
    private const string JpegLibrary = "JPEG library";
    private const string Web = "Web";
    private const string Annotation = "Annotation";

    /// <summary>The layer that all layers may use.</summary>
    public const string Framework = "Framework";

    /// <summary>External namespaces. No layer may use a namespace that is not listed.</summary>
    public static readonly IReadOnlyList<Layer> Outside =
    [
        new(Framework, "System", "Microsoft.Extensions", "Microsoft.Win32"),
        new(Protocol, "ForegSyte.V1", "ForegSyte.Inference.V1", "ForegSyte.Protocol", "Google"),
        new(Hosting, "ForegSyte.Hosting"),
        new(Reader, "ForegSyte.Video"),
        new(Exports, "ForegSyte.Exports"),
        new(DuckDb, "DuckDB"),
        new(Npgsql, "Npgsql", "NpgsqlTypes"),
        new(FluentMigrator, "FluentMigrator"),
        new(GrpcLibrary, "Grpc"),
        new(AspNetCore, "Microsoft.AspNetCore"),
        new(OnnxRuntime, "Microsoft.ML"),
        new(AwsSdk, "Amazon"),
        new(CloudEvents, "CloudNative.CloudEvents"),
        new(JpegLibrary, "JpegLibrary"),
        new(Web, "ForegSyte.Web"),
        new(Annotation, "ForegSyte.Annotation"),
    ];

    /// <summary>The JobService, from its pure core (Jobs) to the layers that no other uses (Grpc, Admin).</summary>
    public static readonly IReadOnlyList<Layer> JobService =
    [
        new("Jobs", "ForegSyte.Jobs") { Uses = [Protocol] },
        new("Mp4", "ForegSyte.Jobs.Mp4") { Uses = [Protocol] },
        new("DuckDB migrator", "ForegSyte.Jobs.Storage.Migrations.DuckDb")
        {
            Uses = ["Migrations", DuckDb, FluentMigrator],
        },
        new("Migrations", "ForegSyte.Jobs.Storage.Migrations") { Uses = [FluentMigrator] },
        new("PostgreSQL migrations", "ForegSyte.Jobs.Storage.Migrations.PostgreSql")
        {
            Uses = ["Migrations", FluentMigrator],
        },
        new("PostgreSQL", "ForegSyte.Jobs.Storage.PostgreSql")
        {
            Uses =
            [
                "Jobs", "Migrations", "Search", "Storage", "Queue", "Tenants", "Faults", "Metrics", Protocol, Hosting,
                Npgsql, FluentMigrator, Web, AspNetCore,
            ],
        },
        new("Storage", "ForegSyte.Jobs.Storage")
        {
            Uses =
            [
                "Jobs", "Migrations", "DuckDB migrator", "Search", "Faults", "Metrics", Protocol, Hosting, DuckDb,
                FluentMigrator,
            ],
        },
        new("S3", "ForegSyte.Jobs.Storage.S3")
        {
            Uses = ["Jobs", "Storage", "PostgreSQL", Protocol, Hosting, Npgsql, AwsSdk],
        },
        new("Metrics", "ForegSyte.Jobs.Metrics"),
        new("Search", "ForegSyte.Jobs.Search") { Uses = ["Jobs", "Metrics", Protocol, Hosting] },
        new("Tracking", "ForegSyte.Jobs.Tracking") { Uses = [Protocol] },
        new("Tracks", "ForegSyte.Jobs.Tracks") { Uses = ["Jobs", "Storage", "Tracking", Protocol, Hosting] },
        new("Tracing", "ForegSyte.Jobs.Tracing") { Uses = ["Jobs", Protocol, Hosting] },
        new("Faults", "ForegSyte.Jobs.Faults") { Uses = [Hosting] },
        new("Fetching", "ForegSyte.Jobs.Fetching") { Uses = ["Tenants", Protocol, Hosting, AwsSdk] },
        new("Inference", "ForegSyte.Jobs.Inference") { Uses = ["Jobs", "Tracing", Protocol, Hosting, GrpcLibrary] },
        new("Frames", "ForegSyte.Jobs.Frames")
        {
            Uses = ["Jobs", "Storage", "Tenants", "Inference", Protocol, Hosting],
        },
        new("Queue", "ForegSyte.Jobs.Queue")
        {
            Uses =
            [
                "Jobs", "Storage", "Inference", "Tenants", "Faults", "Metrics", "Tracing", "Tracks", Protocol, Hosting,
            ],
        },
        new("Tenants", "ForegSyte.Jobs.Tenants") { Uses = ["Jobs", "Storage", Protocol, Hosting] },
        new("Uploads", "ForegSyte.Jobs.Uploads") { Uses = ["Jobs", "Storage", "Tenants", "Faults", Protocol, Hosting] },
        new("Submission", "ForegSyte.Jobs.Submission")
        {
            Uses =
            [
                "Jobs", "Mp4", "Storage", "Fetching", "Tenants", "Uploads", "Faults", "Metrics", "Tracing", Protocol,
                Hosting,
            ],
        },
        new("Backups", "ForegSyte.Jobs.Backups") { Uses = ["Jobs", "Storage", Protocol, Hosting] },
        new("Cluster", "ForegSyte.Jobs.Cluster")
        {
            Uses =
            [
                "Jobs", "Storage", "PostgreSQL", "Queue", "Uploads", "Metrics", Protocol, Hosting, GrpcLibrary,
                AspNetCore, Npgsql,
            ],
        },
        new("Retention", "ForegSyte.Jobs.Retention")
        {
            Uses =
            [
                "Jobs", "Storage", "Backups", "Uploads", "Queue", "Submission", "Faults", Protocol, Hosting,
            ],
        },
        new("Webhooks", "ForegSyte.Jobs.Webhooks")
        {
            Uses = ["Jobs", "Fetching", "Faults", "Metrics", Protocol, Hosting, CloudEvents],
        },
        new("Grpc", "ForegSyte.Jobs.Grpc")
        {
            Uses =
            [
                "Jobs", "Search", "Storage", "Inference", "Queue", "Uploads", "Submission", "Retention", "Backups",
                "Cluster", "Webhooks", "Tenants", "Tracing", "Tracks", "Frames", Protocol, Hosting, Exports,
                GrpcLibrary,
            ],
        },
        new("Admin", "ForegSyte.Jobs.Admin")
        {
            Uses =
            [
                "Jobs", "Storage", "Backups", "PostgreSQL", "S3", "Migrations", "Inference", "Faults", Protocol,
                Hosting, DuckDb, AspNetCore,
            ],
        },
    ];

    /// <summary>The InferenceService, from pure arithmetic (Vision) to the layers that no other uses.</summary>
    public static readonly IReadOnlyList<Layer> InferenceService =
    [
        new("Vision", "ForegSyte.Inference.Vision"),
        new("Metrics", "ForegSyte.Inference.Metrics"),
        new("Tracing", "ForegSyte.Inference.Tracing") { Uses = [Hosting] },
        new("Memory", "ForegSyte.Inference.Memory") { Uses = [Protocol] },
        new("Models", "ForegSyte.Inference.Models")
        {
            Uses = ["Metrics", "Memory", Protocol, Hosting, OnnxRuntime],
        },
        new("RemoteVideos", "ForegSyte.Inference.RemoteVideos") { Uses = [Reader, Protocol, Hosting] },
        new("Video", "ForegSyte.Inference.Video")
        {
            Uses = ["Vision", "Memory", "Tracing", "RemoteVideos", Reader, Protocol, Hosting, AspNetCore],
        },
        new("Stages", "ForegSyte.Inference.Stages") { Uses = ["Vision", "Memory", "Models", "Video", Protocol] },
        new("Pipelines", "ForegSyte.Inference.Pipelines")
        {
            Uses = ["Vision", "Metrics", "Tracing", "Memory", "Models", "Video", "Stages", Protocol, Hosting],
        },
        new("Frames", "ForegSyte.Inference.Frames") { Uses = ["Vision", "Video", Protocol, Hosting, JpegLibrary] },
        new("Commands", "ForegSyte.Inference.Commands")
        {
            Uses =
            [
                "Models", "Video", "Frames", "Stages", "Pipelines", Reader, Protocol, Hosting, AspNetCore,
            ],
        },
        new("Grpc", "ForegSyte.Inference.Grpc")
        {
            Uses =
            [
                "Metrics", "Tracing", "Memory", "Models", "RemoteVideos", "Video", "Frames", "Stages", "Pipelines",
                Reader, Annotation, Protocol, Hosting, GrpcLibrary, AspNetCore,
            ],
        },
    ];

    /// <summary>The direct project references.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Projects = new Dictionary<string, string[]>
    {
        ["ForegSyte.Protocol"] = [],
        ["ForegSyte.Exports"] = ["ForegSyte.Protocol"],
        ["ForegSyte.Hosting"] = ["ForegSyte.Protocol"],
        ["ForegSyte.JobService"] = ["ForegSyte.Hosting", "ForegSyte.Exports", "ForegSyte.Web"],
        ["ForegSyte.Web"] = ["ForegSyte.Hosting"],
        ["ForegSyte.Video"] = ["ForegSyte.Protocol"],
        ["ForegSyte.Annotation"] = ["ForegSyte.Video"],
        ["ForegSyte.InferenceService"] = ["ForegSyte.Annotation", "ForegSyte.Hosting", "ForegSyte.Video"],
        ["ForegSyte.Client"] = ["ForegSyte.Protocol", "ForegSyte.Exports"],
        ["ForegSyte.CommandLine"] = ["ForegSyte.Annotation", "ForegSyte.Client", "ForegSyte.Video"],
    };
}
