using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using Google.Rpc;
using Grpc.Core;
using ErrorReason = ForegSyte.V1.ErrorReason;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>Permissions of the RPCs of the InferenceService.</summary>
public sealed class CallerTests
{
    private const string Yes = "yes";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_WithAndWithoutAKey_AreAnsweredByTheTable()
    {
        using var folder = new TemporaryFolder();
        var submit = NewApiKey.Make("submit", "jobs", ["submit"], expiresAt: null);
        var read = NewApiKey.Make("read", "jobs", ["read"], expiresAt: null);
        await File.WriteAllTextAsync(
            folder.File("keys.json"), $"{{\"keys\": [{submit.Entry}, {read.Entry}]}}", Cancellation);
        var service = new RunningService(
            new Dictionary<string, string> { ["Security:ApiKeysFile"] = folder.File("keys.json") });
        await service.InitializeAsync();
        try
        {
            string[] run =
                [await RunAsync(service, null), await RunAsync(service, submit), await RunAsync(service, read)];
            string[] probe =
                [await ProbeAsync(service, null), await ProbeAsync(service, submit), await ProbeAsync(service, read)];
            string[] list =
                [await ListAsync(service, null), await ListAsync(service, submit), await ListAsync(service, read)];
            string[] info =
                [await InfoAsync(service, null), await InfoAsync(service, submit), await InfoAsync(service, read)];

            Assert.Equal(["UNAUTHENTICATED", Yes, "PERMISSION_DENIED"], run);
            Assert.Equal(["UNAUTHENTICATED", Yes, "PERMISSION_DENIED"], probe);
            Assert.Equal(["UNAUTHENTICATED", Yes, Yes], list);
            Assert.Equal(["UNAUTHENTICATED", Yes, Yes], info);
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    private static Task<string> RunAsync(RunningService service, NewApiKey? key) => AnswerAsync(
        service.Client.RunPipelineAsync(new RunPipelineRequest(), Headers(key), cancellationToken: Cancellation));

    private static Task<string> ProbeAsync(RunningService service, NewApiKey? key) => AnswerAsync(
        service.Client.ProbeVideoAsync(new ProbeVideoRequest(), Headers(key), cancellationToken: Cancellation));

    private static Task<string> ListAsync(RunningService service, NewApiKey? key) => AnswerAsync(
        service.Client.ListPipelinesAsync(
            new ListPipelinesRequest(), Headers(key), cancellationToken: Cancellation));

    private static Task<string> InfoAsync(RunningService service, NewApiKey? key) => AnswerAsync(
        service.Client.GetServerInfoAsync(new GetServerInfoRequest(), Headers(key), cancellationToken: Cancellation));

    private static Metadata Headers(NewApiKey? key) =>
        key is null ? [] : new Metadata { { "x-api-key", key.Key.Reveal() } };

    /// <summary>"yes" or the reason of the refusal. The empty requests fail later for other reasons.</summary>
    private static async Task<string> AnswerAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            await call;
            return Yes;
        }
        catch (RpcException failure)
        {
            var info = failure.GetRpcStatus()?.GetDetail<ErrorInfo>();
            Assert.NotNull(info);
            return ErrorReasons.Parse(info.Reason) is ErrorReason.Unauthenticated or ErrorReason.PermissionDenied
                ? info.Reason
                : Yes;
        }
    }
}
