using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;

namespace ForegSyte.Client.Calls;

/// <summary>
/// What a channel is opened to: one server, several by their addresses, or all that a name has in the DNS.
/// </summary>
/// <param name="Address">The address, in the form that gRPC wants it.</param>
/// <param name="Resolver">Turns it into addresses of servers; null where it is one itself.</param>
internal sealed record ChannelTarget(Uri Address, ResolverFactory? Resolver)
{
    /// <summary>The target of these settings.</summary>
    public static ChannelTarget Of(ForegSyteClientOptions options) => options switch
    {
        { Address.Scheme: UnixSockets.Scheme } => new ChannelTarget(UnixSockets.Placeholder, null),
        { Replicas.Count: > 0 } => new ChannelTarget(
            new Uri("static:///foregsyte"),
            new StaticResolverFactory(_ => options.Addresses.Select(
                address => new BalancerAddress(address.IdnHost, address.Port)))),
        { LoadBalancing: LoadBalancingPolicy.RoundRobin } => new ChannelTarget(
            new Uri($"dns:///{options.Address.Authority}"), new DnsResolverFactory(options.DnsRefreshInterval)),
        _ => new ChannelTarget(options.Address, null),
    };

    /// <summary>Tells a channel how to find the servers, and which of them a call goes to.</summary>
    public void ApplyTo(GrpcChannelOptions channel, ForegSyteClientOptions options)
    {
        if (Resolver is null)
        {
            return;
        }

        channel.Credentials = options.Address.Scheme == Uri.UriSchemeHttps
            ? ChannelCredentials.SecureSsl
            : ChannelCredentials.Insecure;
        channel.ServiceProvider = new OneResolver(Resolver);
        // Otherwise a TXT record could say how calls are repeated.
        channel.DisableResolverServiceConfig = true;
        channel.ServiceConfig = new ServiceConfig
        {
            LoadBalancingConfigs =
            {
                options.LoadBalancing == LoadBalancingPolicy.RoundRobin
                    ? new RoundRobinConfig()
                    : new PickFirstConfig(),
            },
        };
    }

    /// <summary>The way in which a channel is given a resolver.</summary>
    private sealed class OneResolver(ResolverFactory resolver) : IServiceProvider
    {
        public object? GetService(Type serviceType) =>
            serviceType == typeof(IEnumerable<ResolverFactory>) ? new[] { resolver } : null;
    }
}
