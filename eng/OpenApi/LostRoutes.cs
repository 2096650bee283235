using ForegSyte.Hosting.Http;
using Google.Protobuf.Reflection;

namespace ForegSyte.OpenApi;

/// <summary>What buf does not look at: paths of the last release that lead elsewhere now.</summary>
internal static class LostRoutes
{
    /// <summary>The routes of the released contracts that these do not have, a sentence each.</summary>
    public static IEnumerable<string> Of(IEnumerable<FileDescriptor> released, IEnumerable<FileDescriptor> current) =>
        Routes(released).Except(Routes(current)).Select(route => $"{route} was released and is not there any more.");

    private static IEnumerable<string> Routes(IEnumerable<FileDescriptor> files) => files
        .SelectMany(file => file.Services)
        .SelectMany(HttpRoute.Of)
        .Select(route => $"{route.Verb} {route.Path} for {route.GrpcPath} with the body \"{route.Body}\"");
}
