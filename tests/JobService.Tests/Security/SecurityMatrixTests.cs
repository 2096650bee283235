using System.Text;
using ForegSyte.Jobs.Tests.Grpc;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>
/// docs/security-matrix.md tells who can call what, and is what a service answers, asked over a socket. With the
/// environment variable FOREGSYTE_WRITE_DOCS the document is written instead.
/// </summary>
public sealed class SecurityMatrixTests
{
    private const string WriteVariable = "FOREGSYTE_WRITE_DOCS";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_IsWhatTheServiceAnswers()
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

        Made by `SecurityMatrixTests`, which asks a running service over a socket and fails where it answers anything
        else; `FOREGSYTE_WRITE_DOCS=1` lets it write this file. [security.md](security.md) says how to set each
        configuration.

        The job or upload that is asked for belongs to the tenant *a*, and so do the callers *read* and *submit*, each
        with the one permission; *admin* has that permission alone and is of another tenant, *other* may submit and read
        for the tenant *b*. *wrong* shows a key with another secret, a token or a certificate that somebody else signed;
        *expired* shows what was an admin's once. "yes" means that the call gets through, whatever comes of it then.
        ListJobs has the jobs of the caller's tenant, and for an admin all.

        The InferenceService goes by the same table and the same configurations: RunPipeline and ProbeVideo need
        *submit*, ListPipelines and GetServerInfo *read*.

        """;

    private static async Task DescribeAsync(AccessSetup setup, StringBuilder text)
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings]);
        var address = new UriBuilder(service.Address) { Host = "localhost" }.Uri;
        var channels = setup.Callers.ToDictionary(
            caller => caller.Key, caller => Answers.ChannelOf(address, caller.Value));
        text.Append("| RPC | ").AppendJoin(" | ", channels.Keys).Append(" |\n");
        text.Append("|---|").Insert(text.Length, "---|", channels.Count).Append('\n');
        foreach (var (name, call) in RpcCalls.All)
        {
            text.Append("| ").Append(name);
            foreach (var channel in channels.Values)
            {
                var id = await SecurityMatrix.PrepareAsync(service, name);
                var answer = await Answers.ToAsync(options => call(channel.CreateCallInvoker(), id, options));
                text.Append(" | ").Append(answer);
            }

            text.Append(" |\n");
        }

        foreach (var channel in channels.Values)
        {
            channel.Dispose();
        }
    }
}
