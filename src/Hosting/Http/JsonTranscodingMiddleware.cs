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
/// Makes a gRPC call of each HTTP request and sends it down the way of all calls: who may call, limits, deadlines,
/// errors and the audit log are those of gRPC, since there are no others. What comes back is written as JSON.
/// </summary>
internal sealed class JsonTranscodingMiddleware(
    RequestDelegate next,
    HttpRoutes routes,
    OriginValidator browsers,
    HttpErrorResponse answer,
    IOptions<HttpOptions> options,
    ILogger<JsonTranscodingMiddleware> logger)
{
    private const string OpenApiPath = "/openapi.json";

    /// <summary>Answers a request of the port for HTTP; others pass.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<HttpConnection>() is null)
        {
            await next(context);
            return;
        }

        try
        {
            browsers.Check(context.Request);
        }
        catch (ServiceException refusal)
        {
            logger.LogInformation(
                "{Verb} {Path} answered {Reason}: {Message}", context.Request.Method, context.Request.Path,
                refusal.ReasonText, refusal.Message);
            await answer.WriteErrorAsync(context, RichStatus.From(refusal));
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
            await answer.WriteAsync(context, StatusCodes.Status200OK, OpenApiDocument.Json);
        }
        else
        {
            await RefuseAsync(context, verbs);
        }
    }

    private async Task CallAsync(HttpContext context, HttpRoute route, IReadOnlyDictionary<string, string> values)
    {
        FramedBody message = route.BytesField is null
            ? new JsonBody(context.Request, route, values, options.Value.MaxJsonBytes)
            : new BytesBody(context.Request, route, values);
        var response = new GrpcResponse(context.Response);
        try
        {
            await next(GrpcRequest.Make(context, route.GrpcPath, message, response));
            var bytes = await response.ReadAllAsync();
            if (HttpStatus.ErrorOf(response) is { } error)
            {
                await answer.WriteErrorAsync(context, error);
            }
            else if (bytes.Length < GrpcPrefix.Length)
            {
                await FailAsync(context, route, response.StatusCode);
            }
            else
            {
                var reply = route.Method.OutputType.Parser.ParseFrom(bytes.Slice(GrpcPrefix.Length));

                // Its bytes are not needed while its JSON leaves, which takes as long as the reader does.
                response.Release();
                await answer.WriteAsync(context, SuccessOf(reply), ForegSyteJson.Formatter.Format(reply));
            }
        }
        finally
        {
            response.Release();
            await message.CompleteAsync();
        }
    }

    /// <summary>A load balancer that asks for the health reads the status code alone.</summary>
    private static int SuccessOf(IMessage reply) =>
        reply is HealthCheckResponse { Status: not HealthCheckResponse.Types.ServingStatus.Serving }
            ? StatusCodes.Status503ServiceUnavailable
            : StatusCodes.Status200OK;

    /// <summary>The call came to neither an answer nor an error, as where its connection is gone.</summary>
    private async Task FailAsync(HttpContext context, HttpRoute route, int status)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var errorId = Guid.NewGuid().ToString("N");
        logger.LogError(
            "{Method} over HTTP came to no answer ({Status}), error id {ErrorId}", route.GrpcPath, status, errorId);
        await answer.WriteErrorAsync(context, RichStatus.From(ErrorInterceptor.Unexpected(errorId)));
    }

    private Task RefuseAsync(HttpContext context, IReadOnlyList<string> verbs)
    {
        var path = ServiceException.Shorten(context.Request.Path.Value ?? "");
        var status = StatusCodes.Status404NotFound;
        var message = $"There is nothing at \"{path}\"; /openapi.json lists what there is. gRPC has a port of its own.";
        if (verbs.Count > 0)
        {
            status = StatusCodes.Status405MethodNotAllowed;
            message = $"\"{path}\" does not take this verb. It takes {string.Join(", ", verbs)}.";
            context.Response.Headers.Allow = string.Join(", ", verbs);
        }

        var refusal = new ServiceException(ErrorReason.Unimplemented, message)
        {
            Metadata = new Dictionary<string, string> { ["method"] = path },
        };
        return answer.WriteErrorAsync(context, RichStatus.From(refusal), status);
    }
}
