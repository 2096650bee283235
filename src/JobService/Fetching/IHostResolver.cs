using System.Net;

namespace ForegSyte.Jobs.Fetching;

/// <summary>Tells the addresses of a host.</summary>
internal interface IHostResolver
{
    /// <summary>The addresses, at least one.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The host is not known.</exception>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}
