using System.Text;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>A minimal request of each route with the name of its RPC; {id} is the id of a job or upload.</summary>
internal static class HttpCalls
{
    private const string Json = "application/json";
    private const string Bytes = "application/octet-stream";

    public static readonly IReadOnlyList<(string Rpc, string Verb, string Path, string Type, string Body)> All =
    [
        ("JobService/SubmitVideo", "POST", "/v1/jobs", Json, "{}"),
        ("JobService/SubmitVideo", "POST", "/v1/jobs:submit", Bytes, "1"),
        ("JobService/GetJob", "GET", "/v1/jobs/{id}", "", ""),
        ("JobService/WaitJob", "GET", "/v1/jobs/{id}:wait", "", ""),
        ("JobService/ListJobs", "GET", "/v1/jobs", "", ""),
        ("JobService/UpdateJob", "PATCH", "/v1/jobs/{id}", Json, "{\"display_name\":\"new\"}"),
        ("JobService/CancelJob", "POST", "/v1/jobs/{id}:cancel", "", ""),
        ("JobService/RetryJob", "POST", "/v1/jobs/{id}:retry", "", ""),
        ("JobService/DeleteJob", "DELETE", "/v1/jobs/{id}", "", ""),
        ("JobService/GetJobResults", "GET", "/v1/jobs/{id}/results", "", ""),
        ("JobService/ListObjectTracks", "GET", "/v1/jobs/{id}/objectTracks", "", ""),
        ("JobService/ListTextTracks", "GET", "/v1/jobs/{id}/textTracks", "", ""),
        ("JobService/ListShots", "GET", "/v1/jobs/{id}/shots", "", ""),
        ("JobService/GetJobResults", "GET", "/v1/jobs/{id}/export?format=csv", "", ""),
        ("JobService/DownloadVideo", "GET", "/v1/jobs/{id}:downloadVideo", "", ""),
        ("JobService/DownloadVideo", "GET", "/v1/jobs/{id}/video", "", ""),
        ("JobService/DownloadVideo", "GET", "/v1/jobs/{id}/annotatedVideo", "", ""),
        ("JobService/GetFrame", "GET", "/v1/jobs/{id}:getFrame", "", ""),
        ("JobService/GetFrame", "GET", "/v1/jobs/{id}/frames/0", "", ""),
        ("JobService/ListPipelines", "GET", "/v1/pipelines", "", ""),
        ("JobService/GetServerInfo", "GET", "/v1/serverInfo", "", ""),
        ("JobService/ListErrorReasons", "GET", "/v1/errorReasons", "", ""),
        ("JobService/DiagnoseJob", "GET", "/v1/jobs/{id}:diagnose", "", ""),
        ("JobService/DrainServer", "POST", "/v1/server:drain", Json, "{}"),
        ("JobService/UndrainServer", "POST", "/v1/server:undrain", Json, "{}"),
        ("JobService/ListNodes", "GET", "/v1/nodes", "", ""),
        ("JobService/ListTenantUsage", "GET", "/v1/tenantUsage", "", ""),
        ("JobService/CreateBackup", "POST", "/v1/backups", Json, "{\"backup_id\":\"matrix\"}"),
        ("SearchService/SearchTracks", "GET", "/v1/tracks:search", "", ""),
        ("SearchService/SearchTexts", "GET", "/v1/texts:search?text=gate", "", ""),
        ("UploadService/CreateUpload", "POST", "/v1/uploads", Json, "{}"),
        ("UploadService/UploadPart", "PUT", "/v1/uploads/{id}/parts/0", Bytes, "1"),
        ("UploadService/GetUpload", "GET", "/v1/uploads/{id}", "", ""),
        ("UploadService/AbortUpload", "DELETE", "/v1/uploads/{id}", "", ""),
        ("grpc.health.v1.Health/Check", "GET", "/healthz", "", ""),
    ];

    /// <summary>Sends a request.</summary>
    public static Task<HttpReply> SendAsync(
        this HttpCaller caller, (string Rpc, string Verb, string Path, string Type, string Body) call, string id)
    {
        var path = call.Path.Replace("{id}", id, StringComparison.Ordinal);
        return call.Type.Length == 0
            ? caller.SendAsync(call.Verb, path, content: null)
            : caller.SendBytesAsync(call.Verb, path, Encoding.UTF8.GetBytes(call.Body), call.Type);
    }
}
