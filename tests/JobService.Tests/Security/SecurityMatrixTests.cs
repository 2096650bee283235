using System.Text;
using ForegSyte.Jobs.Tests.Grpc;

using ForegSyte.Testing;
namespace ForegSyte.Jobs.Tests.Security;

/// <summary>
/// docs/security-matrix.md has the outcomes of a running service. The environment variable FOREGSYTE_WRITE_DOCS makes
/// the test write the document.
/// </summary>
public sealed class SecurityMatrixTests
{
    private const string WriteVariable = "FOREGSYTE_WRITE_DOCS";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_HasTheOutcomesOfTheService()
    {
        var text = new StringBuilder(Introduction);
        foreach (var (title, make) in SecurityMatrix.Configurations)
        {
            using var setup = make();
            text.Append('\n').Append("## ").Append(title).Append("\n\n");
            await DescribeAsync(setup, text);
        }

        if (Environment.GetEnvironmentVariable(WriteVariable) is { Length: > 0 })
        {
            await File.WriteAllTextAsync(SecurityMatrix.Document, text.ToString(), Cancellation);
        }

        Assert.Equal(await File.ReadAllTextAsync(SecurityMatrix.Document, Cancellation), text.ToString());
    }

    private const string Introduction =
        """
        # Who can call what

        `SecurityMatrixTests` compares this table with a running service; `FOREGSYTE_WRITE_DOCS=1` makes it write this
        file. [security.md](security.md) describes the configurations.

        The job or upload belongs to the tenant *a*, like the callers *read* and *submit*, who have one permission each.
        *admin* has that permission only and belongs to another tenant; *other* has submit and read for the tenant *b*.
        *wrong* presents a key with a wrong secret, or a token or certificate of an unknown issuer; *expired* presents
        expired credentials of an admin. "yes" means that the caller is let in, whatever the result of the call.
        ListJobs returns the jobs of the caller's tenant, and all jobs for an admin.

        The InferenceService supports the same configurations: RunPipeline, ProbeVideo and GetFrame need *submit*,
        ListPipelines and GetServerInfo *read* or *submit*.

        """;

    private static async Task DescribeAsync(AccessSetup setup, StringBuilder text)
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings]);
        var address = new UriBuilder(service.Address) { Host = "localhost" }.Uri;
        var channels = setup.Callers.ToDictionary(
            caller => caller.Key, caller => AccessOutcome.ChannelOf(address, caller.Value));
        text.Append("| RPC | ").AppendJoin(" | ", channels.Keys).Append(" |\n");
        text.Append("|---|").Insert(text.Length, "---|", channels.Count).Append('\n');
        foreach (var (name, call) in RpcCalls.All)
        {
            text.Append("| ").Append(name);
            foreach (var channel in channels.Values)
            {
                var id = await SecurityMatrix.PrepareAsync(service, name);
                var outcome = await AccessOutcome.OfAsync(options => call(channel.CreateCallInvoker(), id, options));
                text.Append(" | ").Append(outcome);
            }

            text.Append(" |\n");
        }

        foreach (var channel in channels.Values)
        {
            channel.Dispose();
        }
    }
}
