using ForegSyte.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Reflection;
using Microsoft.Extensions.DependencyInjection;
using HealthService = Grpc.Health.V1.Health;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting.Contracts;

/// <summary>
/// What reflection (v1 and v1alpha) tells: the services, and also the types that no method names but every error
/// carries, so that grpcurl and buf curl print the details of an error instead of bytes.
/// </summary>
internal static class ReflectedContracts
{
    /// <summary>Files that are reflected beside those of the services.</summary>
    private static readonly FileDescriptor[] ErrorFiles =
        [ErrorsReflection.Descriptor, ErrorDetailsReflection.Descriptor, StatusReflection.Descriptor];

    /// <summary>Adds reflection over these services.</summary>
    public static void AddReflectedContracts(
        this IServiceCollection services, IReadOnlyList<ServiceDescriptor> contracts)
    {
        ServiceDescriptor[] all = [.. contracts, HealthService.Descriptor];
        var names = all.Select(service => service.FullName).ToArray();
        var symbols = SymbolRegistry.FromFiles([.. all.Select(service => service.File), .. ErrorFiles]);

        // The package's own registrations know the mapped services only; the last registration is the one that counts.
        services.AddGrpcReflection();
        services.AddSingleton(new ReflectionServiceImpl(names, symbols));
        services.AddSingleton(new ReflectionV1ServiceImpl(names, symbols));
    }
}
