using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>docs/security-matrix.md: its configurations, calls and documented outcomes.</summary>
internal static class SecurityMatrix
{
    public static readonly (string Title, Func<AccessSetup> Make)[] Configurations =
    [
        ("Nothing is set: the loopback only, everyone on it", () => AccessSetup.Open()),
        (
            "Security:AllowAnonymous on a reachable address",
            () => AccessSetup.Open(("Listen:Address", "0.0.0.0"), ("Security:AllowAnonymous", "true"))
        ),
        ("API keys (Security:ApiKeysFile)", AccessSetup.ApiKeys),
        ("JSON Web Tokens (Security:Jwt)", AccessSetup.Tokens),
        ("Client certificates (Security:Certificates)", AccessSetup.MutualTls),
    ];

    private const string Title = "## ";

    public static string Document => Path.Combine(RepositoryFiles.Root, "docs", "security-matrix.md");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The documented outcomes by configuration, RPC and caller.</summary>
    public static IReadOnlyDictionary<(string Title, string Rpc, string Caller), string> Read()
    {
        var outcomes = new Dictionary<(string, string, string), string>();
        var title = "";
        string[] callers = [];
        foreach (var line in File.ReadLines(Document))
        {
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            if (line.StartsWith(Title, StringComparison.Ordinal))
            {
                title = line[Title.Length..];
            }
            else if (cells is ["", "RPC", .. var names, ""])
            {
                callers = names;
            }
            else if (cells is ["", var rpc, .. var row, ""] && rpc != "---")
            {
                foreach (var (caller, outcome) in callers.Zip(row))
                {
                    outcomes[(title, rpc, caller)] = outcome;
                }
            }
        }

        return outcomes;
    }

    /// <summary>
    /// Creates an upload of <see cref="AccessSetup.Owner"/>, or a job in a status that the call accepts.
    /// </summary>
    public static async Task<string> PrepareAsync(RunningJobService service, string rpc)
    {
        if (rpc.StartsWith("UploadService/", StringComparison.Ordinal))
        {
            var upload = service.Services.GetRequiredService<UploadStore>().Create(
                sizeBytes: 1, sha256: null, requestId: null, AccessSetup.Owner);
            return upload.Record.UploadId.ToString();
        }

        var isEnded = rpc is "JobService/RetryJob" or "JobService/DeleteJob";
        var job = TestJobs.Pending() with
        {
            Tenant = AccessSetup.Owner,
            Status = isEnded ? JobStatus.Cancelled : JobStatus.Pending,
            EndedAt = isEnded ? TestJobs.Noon : null,
        };
        await service.Services.GetRequiredService<IJobStore>().InsertAsync(job, Cancellation);
        return job.JobId.ToString();
    }
}
