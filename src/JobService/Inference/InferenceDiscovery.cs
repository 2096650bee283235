using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Inference;

/// <summary>The address of one InferenceService.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Name">
/// The configured address whose name resolved to it, which TLS verifies; null if the address itself is configured.
/// </param>
internal sealed record InferenceAddress(Uri Address, Uri? Name = null)
{
    /// <summary>The configured addresses that are not resolved.</summary>
    public static IEnumerable<InferenceAddress> Fixed(InferenceOptions options) =>
        options.Addresses.Where(address => !IsResolved(options, address))
            .Select(address => new InferenceAddress(address));

    /// <summary>The configured addresses whose names are resolved.</summary>
    public static IEnumerable<Uri> Names(InferenceOptions options) =>
        options.Addresses.Where(address => IsResolved(options, address));

    /// <summary>One of the InferenceServices behind a name.</summary>
    public static InferenceAddress Of(Uri name, IPAddress address) =>
        new(new UriBuilder(name.Scheme, address.ToString(), name.Port).Uri, name);

    private static bool IsResolved(InferenceOptions options, Uri address) =>
        options.ResolveInterval > TimeSpan.Zero && address.HostNameType == UriHostNameType.Dns;
}

/// <summary>Resolves host names.</summary>
internal interface INameResolver
{
    /// <summary>The IP addresses of a name, in any order.</summary>
    /// <exception cref="SocketException">The name does not exist, or no name server answers.</exception>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}

/// <summary>Resolves names with the system's resolver.</summary>
internal sealed class SystemNameResolver : INameResolver
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken);
}

/// <summary>
/// Resolves the names in Inference:Addresses again and again, and gives the pool the InferenceServices that they have
/// now. A name that cannot be resolved keeps its last addresses; health checks tell whether they serve.
/// </summary>
internal sealed class InferenceDiscovery(
    InferencePool pool,
    INameResolver resolver,
    Func<InferenceAddress, IInferenceInstance> open,
    IOptions<InferenceOptions> options,
    TimeProvider time,
    ILogger<InferenceDiscovery> logger) : BackgroundService
{
    private readonly IReadOnlyList<Uri> _names = [.. InferenceAddress.Names(options.Value)];
    private readonly Dictionary<Uri, IReadOnlyList<InferenceAddress>> _resolved = [];
    private readonly HashSet<Uri> _failing = [];
    private bool _isOverLimit;

    /// <summary>Resolves all names once and updates the pool.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var name in _names)
        {
            await ResolveAsync(name, cancellationToken);
        }

        List<InferenceAddress> all =
        [
            .. InferenceAddress.Fixed(options.Value),
            .. _names.SelectMany(name => _resolved.GetValueOrDefault(name, [])),
        ];
        var used = all.DistinctBy(address => address.Address).Take(InferenceOptions.MaxResolved).ToList();
        WarnOfLimit(all.Count > used.Count && used.Count == InferenceOptions.MaxResolved);
        pool.SetAddresses(used, open);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (_names.Count > 0 && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RefreshAsync(stoppingToken);
                await Task.Delay(options.Value.ResolveInterval, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ResolveAsync(Uri name, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await resolver.ResolveAsync(name.DnsSafeHost, cancellationToken);
            _resolved[name] = [.. addresses.Select(address => InferenceAddress.Of(name, address))
                .OrderBy(address => address.Address.Host, StringComparer.Ordinal)];
            if (_failing.Remove(name))
            {
                logger.LogInformation("Inference:Addresses {Name} resolves again", name);
            }
        }
        catch (SocketException failure)
        {
            if (_failing.Add(name))
            {
                logger.LogWarning(
                    "Inference:Addresses {Name} cannot be resolved ({Error}); its last {Count} addresses stay in use",
                    name, failure.SocketErrorCode, _resolved.GetValueOrDefault(name, []).Count);
            }
        }
    }

    private void WarnOfLimit(bool isOverLimit)
    {
        if (isOverLimit && !_isOverLimit)
        {
            logger.LogWarning(
                "The names in Inference:Addresses have more than {Limit} addresses; the others are not used",
                InferenceOptions.MaxResolved);
        }

        _isOverLimit = isOverLimit;
    }
}
