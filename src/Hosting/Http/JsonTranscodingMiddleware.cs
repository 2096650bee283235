using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Messages;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.OpenApi;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Converts each HTTP request to an in-memory gRPC call and sends it through the whole gRPC pipeline, so that
/// authentication, limits, deadlines, errors and the audit log apply unchanged. Writes the response as JSON.
/// </summary>
internal sealed class JsonTranscodingMiddleware(
    RequestDelegate next,
    HttpRoutes routes,
    JsonResponseWriter writer,
    FileSender files,
    IOptions<HttpOptions> options,
    ILogger<JsonTranscodingMiddleware> logger)
{
    private const string OpenApiPath = "/openapi.json";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<HttpConnection>() is null)
        {
            await next(context);
            return;
        }

        var (route, values, verbs) = routes.Find(context.Request.Method, context.Request.Path.Value ?? "");
        if (route is not null)
        {
            await CallAsync(context, route, values);
        }
        else if (routes.HasContracts && HttpMethods.IsGet(context.Request.Method)
            && context.Request.Path == OpenApiPath)
        {
            await writer.WriteAsync(context, StatusCodes.Status200OK, OpenApiDocument.Json);
        }
        else
        {
            await RefuseAsync(context, verbs);
        }
    }

    private async Task CallAsync(HttpContext context, HttpRoute route, IReadOnlyDictionary<string, string> values)
    {
        TranscodedBody message = route.BytesField is null
            ? new JsonBody(context.Request, route, values, options.Value.MaxJsonBytes)
            : new BytesBody(context.Request, route, values);
        var response = new GrpcResponse(context.Response);
        await using var download = route.Download is { } downloadRoute
            ? new FileDownload(context.Request.Query, downloadRoute)
            : null;
        try
        {
            var call = GrpcRequest.Make(context, route.GrpcPath, message, response, download);
            await next(call);
            var bytes = await response.ReadAllAsync();
            if (HttpStatus.ErrorOf(response) is { } error)
            {
                await writer.WriteErrorAsync(context, error);
            }
            else if (bytes.Length < GrpcPrefix.Length || download is { IsGiven: false })
            {
                await FailAsync(context, route, response.StatusCode);
            }
            else if (download is not null)
            {
                response.Release();

                // The limit of downloads of each tenant needs the caller.
                context.User = call.User;
                await SendAsync(context, route, download);
            }
            else
            {
                var reply = route.Method.OutputType.Parser.ParseFrom(bytes.Slice(GrpcPrefix.Length));

                // The message is not needed while the JSON is sent, which takes as long as the reader does.
                response.Release();
                await writer.WriteAsync(context, SuccessOf(reply), ForegSyteJson.Formatter.Format(reply));
            }
        }
        finally
        {
            response.Release();
            await message.CompleteAsync();
        }
    }

    private async Task SendAsync(HttpContext context, HttpRoute route, FileDownload download)
    {
        try
        {
            await (download.Generated is { } generated
                ? files.SendAsync(context, generated)
                : files.SendAsync(context, download.Stored!));
        }
        catch (ServiceException error)
        {
            logger.LogInformation(
                "{Method} over HTTP failed with {Reason}: {Message}", route.GrpcPath, error.ReasonText, error.Message);
            await writer.WriteErrorAsync(context, RichStatus.From(error));
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            var errorId = Guid.NewGuid().ToString("N");
            logger.LogError(failure, "{Method} over HTTP failed (error id {ErrorId})", route.GrpcPath, errorId);
            await writer.WriteErrorAsync(context, RichStatus.From(ErrorInterceptor.Unexpected(errorId)));
        }
    }

    /// <summary>Load balancers only read the status code of health checks.</summary>
    private static int SuccessOf(IMessage reply) =>
        reply is HealthCheckResponse { Status: not HealthCheckResponse.Types.ServingStatus.Serving }
            ? StatusCodes.Status503ServiceUnavailable
            : StatusCodes.Status200OK;

    /// <summary>The call ended without response and error, for example because the connection was lost.</summary>
    private async Task FailAsync(HttpContext context, HttpRoute route, int status)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var errorId = Guid.NewGuid().ToString("N");
        logger.LogError(
            "{Method} over HTTP ended without a response ({Status}, error id {ErrorId})",
            route.GrpcPath, status, errorId);
        await writer.WriteErrorAsync(context, RichStatus.From(ErrorInterceptor.Unexpected(errorId)));
    }

    private Task RefuseAsync(HttpContext context, IReadOnlyList<string> verbs)
    {
        var path = ServiceException.Shorten(context.Request.Path.Value ?? "");
        var status = StatusCodes.Status404NotFound;
        var message = $"The path \"{path}\" does not exist; /openapi.json lists all paths. gRPC has a port of its own.";
        if (verbs.Count > 0)
        {
            status = StatusCodes.Status405MethodNotAllowed;
            message = $"The path \"{path}\" does not support this verb. Use {string.Join(" or ", verbs)}.";
            context.Response.Headers.Allow = string.Join(", ", verbs);
        }

        var error = new ServiceException(ErrorReason.Unimplemented, message)
        {
            Metadata = new Dictionary<string, string> { ["method"] = path },
        };
        return writer.WriteErrorAsync(context, RichStatus.From(error), status);
    }
}

/// <summary>Feature of connections to the port for HTTP with JSON.</summary>
internal sealed class HttpConnection
{
    public static readonly HttpConnection Instance = new();
}
