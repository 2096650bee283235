using System.Reflection;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

/// <summary>The client and its exception in tests of other programs.</summary>
public sealed class MockTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void PublicMembers_All_CanBeOverridden()
    {
        var fixedMembers = typeof(ForegSyteClient)
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => !method.IsVirtual || method.IsFinal)
            .Select(method => method.Name);

        Assert.Empty(fixedMembers);
        Assert.False(typeof(ForegSyteClient).IsSealed, "The client is sealed, so nobody can mock it.");
    }

    [Fact]
    public async Task Method_Overridden_IsUsedByOthers()
    {
        await using var client = new WatchedClient();

        Assert.Equal(SampleJobs.Completed(), await client.WaitForCompletionAsync("x", cancellationToken: Token));
    }

    [Fact]
    public async Task Method_NotOverridden_SaysSo()
    {
        await using var client = new WatchedClient();

        var failure = await Assert.ThrowsAsync<NotImplementedException>(
            () => client.GetJobAsync("x", cancellationToken: Token));

        Assert.StartsWith(
            "GetJob was called on a client without a connection.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exception_OfAReason_HasItsCodeAndName()
    {
        var failure = new ForegSyteException(ErrorReason.QueueFull, "Full.")
        {
            RetryAfter = TimeSpan.FromSeconds(10),
            Metadata = new Dictionary<string, string> { ["limit"] = "100" },
        };

        Assert.Equal(
            (StatusCode.ResourceExhausted, ErrorReason.QueueFull, "QUEUE_FULL", true),
            (failure.Code, failure.Reason, failure.ReasonText, failure.IsRetryable));
        Assert.Equal((TimeSpan.FromSeconds(10), "100"), (failure.RetryAfter, failure.Metadata["limit"]));
    }

    private sealed class WatchedClient : ForegSyteClient
    {
        public override IAsyncEnumerable<Job> WatchJobAsync(
            string jobId,
            TimeSpan? timeout = null,
            JobView view = JobView.Full,
            ForegSyteCallOptions? callOptions = null,
            CancellationToken cancellationToken = default) =>
            new[] { SampleJobs.Running(1), SampleJobs.Completed() }.ToAsyncEnumerable();
    }
}
