using ForegSyte.Hosting.Http;
using Google.Protobuf.Reflection;

namespace ForegSyte.OpenApi;

/// <summary>Finds released HTTP paths that are gone or lead elsewhere; buf does not check them.</summary>
internal static class LostRoutes
{
    /// <summary>The released routes that the current contracts lack, one sentence each.</summary>
    public static IEnumerable<string> Of(IEnumerable<FileDescriptor> released, IEnumerable<FileDescriptor> current) =>
        Routes(released).Except(Routes(current)).Select(route => $"{route} was released and is missing.");

    private static IEnumerable<string> Routes(IEnumerable<FileDescriptor> files) => files
        .SelectMany(file => file.Services)
        .SelectMany(HttpRoute.Of)
        .Select(route => $"{route.Verb} {route.Path} for {route.GrpcPath} with the body \"{route.Body}\"");
}
