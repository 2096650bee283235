using System.Reflection;

namespace ForegSyte.Hosting;

/// <summary>The version of the running build.</summary>
public static class ServiceVersion
{
    /// <summary>The version without the source revision, for example "0.1.0".</summary>
    public static string Text { get; } = typeof(ServiceVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
