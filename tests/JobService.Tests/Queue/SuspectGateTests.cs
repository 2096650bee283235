using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class SuspectGateTests
{
    private readonly SuspectGate _gate = new(Options.Create(new TenantOptions()));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_ATenantWithManySuspects_LetsAnotherTenantPassNext()
    {
        var first = await _gate.EnterAsync("many", Cancellation);
        var second = _gate.EnterAsync("many", Cancellation);
        var third = _gate.EnterAsync("many", Cancellation);
        var other = _gate.EnterAsync("other", Cancellation);
        Assert.False(second.IsCompleted || third.IsCompleted || other.IsCompleted, "Two suspects passed the gate.");

        first.Dispose();

        using var passed = await other;
        Assert.False(second.IsCompleted || third.IsCompleted, "A tenant passed twice while another one waited.");
    }
}
