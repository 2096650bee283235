using ForegSyte.Hosting.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Hosting;

/// <summary>Which connections are closed although the server that they belong to does not do it.</summary>
public sealed class ConnectionTableTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly FakeTimeProvider _time = new();
    private readonly ConnectionTable _table;

    public ConnectionTableTests() => _table = new ConnectionTable(Options.Create(new ConnectionOptions()), _time);

    [Fact]
    public async Task AbortIdle_ClosesThoseThatAreIdleForTooLongAndNoOthers()
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
        Assert.False(connection.IsAborted);

        _time.Advance(Limit + TimeSpan.FromSeconds(1));
        _table.AbortIdle(Limit);
        Assert.True(connection.IsAborted);
    }

    private sealed class Connection : DefaultConnectionContext
    {
        public bool IsAborted { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;
    }
}
