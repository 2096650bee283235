using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>A job store whose calls a test can precede, follow or replace.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
internal class JobStoreProxy : DispatchProxy
{
    private IJobStore _inner = null!;
    private Func<MethodInfo, Func<object?>, object?> _intercept = null!;

    /// <param name="inner">The store.</param>
    /// <param name="intercept">Receives the method and the call to the store, and returns the result.</param>
    public static IJobStore Around(IJobStore inner, Func<MethodInfo, Func<object?>, object?> intercept)
    {
        var proxy = Create<IJobStore, JobStoreProxy>();
        ((JobStoreProxy)proxy)._inner = inner;
        ((JobStoreProxy)proxy)._intercept = intercept;
        return proxy;
    }

    /// <summary>Puts a proxy around the registered store.</summary>
    public static void Decorate(IServiceCollection services, Func<MethodInfo, Func<object?>, object?> intercept)
    {
        var registered = services.Last(service => service.ServiceType == typeof(IJobStore));
        services.AddSingleton(provider => Around(
            (IJobStore)(registered.ImplementationFactory?.Invoke(provider)
                ?? ActivatorUtilities.CreateInstance(provider, registered.ImplementationType!)),
            intercept));
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _intercept(
        targetMethod!,
        () => targetMethod!.Invoke(_inner, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null));
}
