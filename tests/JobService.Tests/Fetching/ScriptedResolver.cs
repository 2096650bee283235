using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ForegSyte.Jobs.Fetching;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>Resolves names as a test defines; a name may resolve differently each time.</summary>
internal sealed class ScriptedResolver : IHostResolver
{
    private readonly ConcurrentDictionary<string, Func<int, string[]>> _hosts = new();
    private readonly ConcurrentDictionary<string, int> _calls = new();

    /// <summary>Defines a name.</summary>
    public ScriptedResolver With(string host, params string[] addresses) => With(host, _ => addresses);

    /// <summary>Defines a name whose addresses depend on the number of earlier calls.</summary>
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
