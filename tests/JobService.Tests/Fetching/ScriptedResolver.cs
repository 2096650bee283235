using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ForegSyte.Jobs.Fetching;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>Names as a test says; a name may mean something else each time.</summary>
internal sealed class ScriptedResolver : IHostResolver
{
    private readonly ConcurrentDictionary<string, Func<int, string[]>> _hosts = new();
    private readonly ConcurrentDictionary<string, int> _calls = new();

    /// <summary>A name with these addresses.</summary>
    public ScriptedResolver With(string host, params string[] addresses) => With(host, _ => addresses);

    /// <summary>A name whose addresses depend on how often it was asked for before.</summary>
    public ScriptedResolver With(string host, Func<int, string[]> addresses)
    {
        _hosts[host] = addresses;
        return this;
    }

    public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var call = _calls.AddOrUpdate(host, 0, (_, calls) => calls + 1);
        return _hosts.TryGetValue(host, out var addresses)
            ? Task.FromResult<IReadOnlyList<IPAddress>>([.. addresses(call).Select(IPAddress.Parse)])
            : throw new SocketException((int)SocketError.HostNotFound);
    }
}
