using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>An OpenTelemetry collector that takes everything (OTLP over gRPC) and keeps nothing.</summary>
internal static class CollectorSink
{
    /// <summary>A gRPC message of no bytes: not compressed, length 0.</summary>
    private static readonly byte[] Nothing = new byte[5];

    /// <summary>Answers every method.</summary>
    public static void Map(WebApplication app) => app.MapPost("/{**method}", AnswerAsync);

    private static async Task AnswerAsync(HttpContext call)
    {
        await call.Request.Body.CopyToAsync(Stream.Null, call.RequestAborted);
        call.Response.ContentType = "application/grpc";
        await call.Response.Body.WriteAsync(Nothing, call.RequestAborted);
        call.Response.AppendTrailer("grpc-status", "0");
    }
}
