using System.Reflection;
using Google.Protobuf.Reflection;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>Every RPC of the contracts, found in their descriptors: a new one is tried by itself.</summary>
internal static class Contracts
{
    /// <summary>All methods of all services of the package.</summary>
    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
        [.. typeof(V1.Job).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(V1.Job).Namespace)
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<FileDescriptor>()
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods)
            .OrderBy(method => method.FullName, StringComparer.Ordinal)];
}
