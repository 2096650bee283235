using ForegSyte.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Reflection;
using Microsoft.Extensions.DependencyInjection;
using HealthService = Grpc.Health.V1.Health;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting;

/// <summary>
/// Server reflection (v1 and v1alpha) over the services and the types of error details, so that grpcurl and buf curl
/// print the details of an error instead of bytes.
/// </summary>
internal static class GrpcReflection
{
    /// <summary>Files that reflection serves in addition to those of the services.</summary>
    private static readonly FileDescriptor[] ErrorFiles =
        [ErrorsReflection.Descriptor, ErrorDetailsReflection.Descriptor, StatusReflection.Descriptor];

    public static void AddReflection(
        this IServiceCollection services, IReadOnlyList<ServiceDescriptor> contracts)
    {
        ServiceDescriptor[] all = [.. contracts, HealthService.Descriptor];
        var names = all.Select(service => service.FullName).ToArray();
        var symbols = SymbolRegistry.FromFiles([.. all.Select(service => service.File), .. ErrorFiles]);

        // AddGrpcReflection registers descriptors of the mapped services only. The last registration wins.
        services.AddGrpcReflection();
        services.AddSingleton(new ReflectionServiceImpl(names, symbols));
        services.AddSingleton(new ReflectionV1ServiceImpl(names, symbols));
    }
}
