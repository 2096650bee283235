using ForegSyte.Hosting.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Hosting.Tests.Connections;

/// <summary>Which connections are evicted.</summary>
public sealed class ConnectionTableTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly FakeTimeProvider _time = new();
    private readonly ConnectionTable _table;

    public ConnectionTableTests() =>
        _table = new ConnectionTable(Options.Create(new ConnectionOptions { MaxConnections = 3 }), _time);

    [Fact]
    public async Task AbortIdle_ClosesConnectionsThatAreIdleForTooLong()
    {
        await using var silent = new Connection();
        await using var busy = new Connection();
        await using var fresh = new Connection();
        _table.Admit(silent);
        _table.CallBegan(_table.Admit(busy)!);
        _time.Advance(Limit);
        _table.Admit(fresh);
        _time.Advance(TimeSpan.FromSeconds(1));

        _table.AbortIdle(Limit);

        Assert.Equal((true, false, false), (silent.IsAborted, busy.IsAborted, fresh.IsAborted));
        Assert.Equal(2, _table.Count);
    }

    [Fact]
    public async Task AbortIdle_CountsFromTheEndOfTheLastCall()
    {
        await using var connection = new Connection();
        var tracked = _table.Admit(connection)!;
        _table.CallBegan(tracked);
        _time.Advance(2 * Limit);
        _table.CallEnded(tracked);
        _table.AbortIdle(Limit);
        Assert.False(connection.IsAborted, "The connection was aborted although its call has just ended.");

        _time.Advance(Limit + TimeSpan.FromSeconds(1));
        _table.AbortIdle(Limit);
        Assert.True(connection.IsAborted, "The idle connection was not aborted.");
    }

    [Fact]
    public async Task Admit_AtTheLimit_EvictsTheLongestIdleConnection()
    {
        await using var used = new Connection();
        await using var idle = new Connection();
        await using var busy = new Connection();
        var usedOne = _table.Admit(used)!;
        _table.CallBegan(usedOne);
        _table.Admit(idle);
        _table.CallBegan(_table.Admit(busy)!);
        _table.CallEnded(usedOne);

        // The used connection was accepted first, but has been idle for a shorter time.
        await using var fourth = new Connection();
        Assert.NotNull(_table.Admit(fourth));
        Assert.Equal((false, true, false), (used.IsAborted, idle.IsAborted, busy.IsAborted));

        // A client that has used its connection gets a GOAWAY instead of an abort.
        await using var fifth = new Connection();
        Assert.NotNull(_table.Admit(fifth));
        Assert.Equal((true, false), (used.IsDrained, used.IsAborted));
        Assert.Equal(3, _table.Count);
    }

    [Fact]
    public async Task Admit_AtTheLimitWithoutAnIdleConnection_RefusesTheNewOne()
    {
        await using var first = new Connection();
        await using var second = new Connection();
        await using var third = new Connection();
        await using var fourth = new Connection();
        var tracked = new[] { first, second, third }.Select(connection => _table.Admit(connection)!).ToList();
        tracked.ForEach(_table.CallBegan);

        Assert.Null(_table.Admit(fourth));

        Assert.Equal(3, _table.Count);
        _table.CallEnded(tracked[0]);
        Assert.NotNull(_table.Admit(fourth));
    }

    [Fact]
    public async Task Remove_EvictedConnection_CountsOnce()
    {
        await using var connection = new Connection();
        var tracked = _table.Admit(connection)!;
        _time.Advance(2 * Limit);
        _table.AbortIdle(Limit);

        _table.Remove(tracked);
        _table.Remove(tracked);

        Assert.Equal(0, _table.Count);
    }

    private sealed class Connection : DefaultConnectionContext, IConnectionLifetimeNotificationFeature
    {
        public Connection() => Features.Set<IConnectionLifetimeNotificationFeature>(this);

        public bool IsAborted { get; private set; }

        public bool IsDrained { get; private set; }

        public CancellationToken ConnectionClosedRequested { get; set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;

        public void RequestClose() => IsDrained = true;
    }
}
