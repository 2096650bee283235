using System.Security.Cryptography;
using System.Text.Json;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>Webhooks of the whole service, over sockets on both sides.</summary>
public sealed class WebhookRpcTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private WebhookReceiver? _receiver;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private WebhookReceiver Receiver => _receiver!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync();
        foreach (var (name, secret) in new[]
        {
            ("secrets", SenderHarness.Secret), ("secrets_a", RandomNumberGenerator.GetBytes(32)),
        })
        {
            await File.WriteAllTextAsync(
                _folder.File(name), "whsec_" + Convert.ToBase64String(secret) + "\n", Cancellation);
            FileModes.Set(_folder.File(name), "0600");
        }
    }

    [Fact]
    public async Task SubmitVideo_WithAWebhook_SendsStartAndEnd()
    {
        await using var service = await StartAsync(new ScriptedInference());
        var request = Request(WebhookEvent.Ended, WebhookEvent.Started);

        var job = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;

        Assert.Equal(Receiver.UriOf("/hook"), job.Webhook.Uri);
        Assert.Equal([WebhookEvent.Ended, WebhookEvent.Started], job.Webhook.Events);
        var messages = await Receiver.WaitAsync(2);
        Assert.Equal(["dev.foregsyte.job.started.v1", "dev.foregsyte.job.ended.v1"], messages.Select(TypeOf));
        Assert.All(messages, message => Assert.Equal("/hook?key=confidential", message.Path));
        Assert.All(messages, message => Assert.Equal(
            WebhookSenderTests.SignatureOf(message, SenderHarness.Secret), message.Headers["webhook-signature"]));
        Assert.Equal(JobStatus.Running, JobOf(messages[0]).Status);
        var ended = await service.GetWhenAsync(job.JobId, found => found.Status == JobStatus.Completed);
        Assert.Equal(ended, JobOf(messages[1]));
        var diagnosis = await WaitForDeliveriesAsync(service, job.JobId, 2, WebhookDeliveryState.Delivered);
        Assert.Equal(messages.Select(message => message.Id), diagnosis.WebhookDeliveries.Select(one => one.DeliveryId));
        Assert.Equal(
            [WebhookEvent.Started, WebhookEvent.Ended], diagnosis.WebhookDeliveries.Select(one => one.Event));
        Assert.All(
            diagnosis.WebhookDeliveries, one => Assert.Equal((Receiver.UriOf("/hook"), 1), (one.Uri, one.Tries)));
        Assert.DoesNotContain(service.LogLines, line => line.Contains("confidential", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RetryJob_AfterACancellation_SendsItsNextEndUnderANewId()
    {
        await using var service = await StartAsync(RunningJobService.NotServing());
        var job = (await service.Client.SubmitVideoAsync(Request(), cancellationToken: Cancellation)).Job;
        for (var round = 0; round < 2; round++)
        {
            await service.Client.CancelJobAsync(
                new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
            await service.Client.RetryJobAsync(
                new RetryJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
        }

        var messages = await Receiver.WaitAsync(2);

        Assert.Equal(2, messages.Select(message => message.Id).Distinct().Count());
        Assert.All(messages, message => Assert.Equal(JobStatus.Cancelled, JobOf(message).Status));
    }

    [Fact]
    public async Task SubmitVideo_RepeatedRequestId_ComparesTheWebhook()
    {
        await using var service = await StartAsync(RunningJobService.NotServing());
        var request = Request();
        request.RequestId = Guid.NewGuid().ToString();
        var other = request.Clone();
        other.Webhook.Uri += "2";

        var first = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        var second = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        var (code, info, status) = await RunningJobService.FailureOfAsync(
            service.Client.SubmitVideoAsync(other, cancellationToken: Cancellation));

        Assert.Equal(first.JobId, second.JobId);
        Assert.Equal(
            (StatusCode.AlreadyExists, "REQUEST_ID_CONFLICT", "webhook"),
            (code, info.Reason, info.Metadata["fields"]));
        Assert.DoesNotContain("confidential", status.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "MISSING_FIELD")]
    [InlineData("hook", "INVALID_FIELD")]
    [InlineData("ftp://127.0.0.1/hook", "INVALID_FIELD")]
    [InlineData("https://user:hunter2@127.0.0.1/hook", "INVALID_FIELD")]
    [InlineData("https://127.0.0.1/hook#part", "INVALID_FIELD")]
    [InlineData("https://127.0.0.1\\@other.example/hook", "INVALID_FIELD")]
    [InlineData("https://other.example/hook", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://127.0.0.1.example/hook", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://127.0.0.1:1/hook", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://169.254.169.254/latest/meta-data?key=confidential", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://2852039166/latest/meta-data", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://[::1]/hook", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://[::ffff:169.254.169.254]/hook", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://10.0.0.1/hook", "SOURCE_NOT_ALLOWED")]
    public async Task SubmitVideo_OtherAddress_IsRefusedAndStoresNothing(string uri, string reason)
    {
        await using var service = await StartAsync(
            RunningJobService.NotServing(), ("Webhooks:AllowedHosts:1", "169.254.169.254"),
            ("Webhooks:AllowedHosts:2", "[::1]"), ("Webhooks:AllowedPorts:1", "443"));
        var request = Request();
        request.Webhook.Uri = uri;
        foreach (var validateOnly in (bool[])[true, false])
        {
            request.ValidateOnly = validateOnly;
            var (code, info, status) = await RunningJobService.FailureOfAsync(
                service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));

            Assert.Equal((StatusCode.InvalidArgument, reason), (code, info.Reason));
            Assert.Equal(
                "webhook.uri", status.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations.Single().Field);
            Assert.DoesNotContain("confidential", status.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", status.ToString(), StringComparison.Ordinal);
        }

        Assert.Empty(await service.Storage.KeysAsync());
    }

    [Fact]
    public async Task SubmitVideo_UnknownEvent_IsRefused()
    {
        await using var service = await StartAsync(RunningJobService.NotServing());

        var (code, info, _) = await RunningJobService.FailureOfAsync(service.Client.SubmitVideoAsync(
            Request((WebhookEvent)9), cancellationToken: Cancellation));

        Assert.Equal(
            (StatusCode.InvalidArgument, "INVALID_FIELD", "webhook.events"),
            (code, info.Reason, info.Metadata["field"]));
    }

    [Fact]
    public async Task SubmitVideo_HttpAddressWithoutTheOption_IsRefused()
    {
        await using var service = await StartAsync(
            RunningJobService.NotServing(), ("Webhooks:AllowHttp", "false"));

        var (_, info, _) = await RunningJobService.FailureOfAsync(service.Client.SubmitVideoAsync(
            Request(), cancellationToken: Cancellation));

        Assert.Equal(("INVALID_FIELD", "webhook.uri"), (info.Reason, info.Metadata["field"]));
    }

    [Fact]
    public async Task SubmitVideo_WithoutASecret_IsRefusedUnlessUnsignedIsAllowed()
    {
        await using (var service = await StartAsync(
            RunningJobService.NotServing(), ("Webhooks:SecretFile", "")))
        {
            var (code, info, status) = await RunningJobService.FailureOfAsync(
                service.Client.SubmitVideoAsync(Request(), cancellationToken: Cancellation));

            Assert.Equal((StatusCode.InvalidArgument, "SOURCE_NOT_ALLOWED"), (code, info.Reason));
            Assert.Contains("Webhooks:SecretFile", status.Message, StringComparison.Ordinal);
        }

        await using var other = await StartAsync(
            RunningJobService.NotServing(), ("Webhooks:SecretFile", ""), ("Webhooks:AllowUnsigned", "true"));
        var job = (await other.Client.SubmitVideoAsync(Request(), cancellationToken: Cancellation)).Job;
        await other.Client.CancelJobAsync(
            new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);

        var message = Assert.Single(await Receiver.WaitAsync(1));
        Assert.False(message.Headers.ContainsKey("webhook-signature"), "The message has a signature.");
    }

    [Fact]
    public async Task DiagnoseJob_FailingWebhook_SaysWhy()
    {
        Receiver.Answer = WebhookReceiver.Status(410);
        await using var service = await StartAsync(RunningJobService.NotServing());
        var job = (await service.Client.SubmitVideoAsync(Request(), cancellationToken: Cancellation)).Job;
        await service.Client.CancelJobAsync(
            new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);

        var diagnosis = await WaitForDeliveriesAsync(service, job.JobId, 1, WebhookDeliveryState.Failed);

        Assert.EndsWith(
            $" The event of its end did not reach {Receiver.UriOf("/hook")} (tries: 1): The receiver wants no more "
            + "messages (HTTP 410). It is not sent again.",
            diagnosis.Explanation, StringComparison.Ordinal);
        Assert.DoesNotContain("confidential", diagnosis.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_OfTheConfiguration_HearsAboutItsTenantsJobsAndOnlyAdminsSeeIt()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(
            RunningJobService.NotServing(),
            [
                .. setup.Settings,
                ("Webhooks:TenantSecretFiles:a", _folder.File("secrets_a")),
                ("Webhooks:Endpoints:0:Name", "operations"),
                ("Webhooks:Endpoints:0:Uri", Receiver.UriOf("/operations")),
                ("Webhooks:Endpoints:0:SecretFile", _folder.File("secrets")),
                ("Webhooks:Endpoints:0:Tenants:0", "a"),
            ]);
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var read = AccessOutcome.ChannelOf(service.Address, setup.Callers["read"]);
        using var other = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        using var admin = AccessOutcome.ChannelOf(service.Address, setup.Callers["admin"]);
        var refusal = await Refusal.OfAsync(
            new Contract.JobServiceClient(other).SubmitVideoAsync(Request(), cancellationToken: Cancellation));
        Assert.Equal(ErrorReason.SourceNotAllowed, refusal.Reason);
        Assert.Contains("Webhooks:TenantSecretFiles:b", refusal.Status.Message, StringComparison.Ordinal);

        await CancelAsync(other, RunningJobService.Request());
        var jobId = await CancelAsync(own, Request());

        await Receiver.WaitAsync(2);
        var shown = await Wait.ForAsync(
            () => DiagnoseAsync(admin, jobId),
            found => found.WebhookDeliveries.All(one => one.State == WebhookDeliveryState.Delivered),
            "both messages are delivered");
        Assert.Equal(
            [Receiver.UriOf("/hook"), Receiver.UriOf("/operations")],
            shown.WebhookDeliveries.Select(one => one.Uri).Order(StringComparer.Ordinal));
        Assert.Equal(
            Receiver.UriOf("/hook"), Assert.Single((await DiagnoseAsync(read, jobId)).WebhookDeliveries).Uri);
        Assert.All(Receiver.Messages, message => Assert.Equal("a", JobOf(message).Tenant));
    }

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        _folder.Dispose();
    }

    private static Job JobOf(ReceivedMessage message)
    {
        using var read = JsonDocument.Parse(message.Body);
        return ForegSyteJson.StrictParser.Parse<Job>(read.RootElement.GetProperty("data").GetRawText());
    }

    private static string TypeOf(ReceivedMessage message)
    {
        using var read = JsonDocument.Parse(message.Body);
        return read.RootElement.GetProperty("type").GetString()!;
    }

    private static async Task<string> CancelAsync(GrpcChannel channel, SubmitVideoRequest request)
    {
        var client = new Contract.JobServiceClient(channel);
        var job = (await client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        await client.CancelJobAsync(new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
        return job.JobId;
    }

    private static async Task<JobDiagnosis> DiagnoseAsync(GrpcChannel channel, string jobId) =>
        (await new Contract.JobServiceClient(channel).DiagnoseJobAsync(
            new DiagnoseJobRequest { JobId = jobId }, cancellationToken: Cancellation)).Diagnosis;

    private static Task<JobDiagnosis> WaitForDeliveriesAsync(
        RunningJobService service, string jobId, int count, WebhookDeliveryState state) => Wait.ForAsync(
            () => DiagnoseAsync(service.Channel, jobId),
            diagnosis => diagnosis.WebhookDeliveries.Count == count
                && diagnosis.WebhookDeliveries.All(one => one.State == state),
            $"{count} messages are {state}");

    private SubmitVideoRequest Request(params WebhookEvent[] events)
    {
        var request = RunningJobService.Request();
        request.Webhook = new Webhook { Uri = Receiver.UriOf("/hook?key=confidential"), Events = { events } };
        return request;
    }

    private Task<RunningJobService> StartAsync(
        ScriptedInference inference, params (string Key, string Value)[] settings) => RunningJobService.StartAsync(
            inference,
            [
                ("Webhooks:AllowedHosts:0", "127.0.0.1"),
                ("Webhooks:AllowedPorts:0", $"{Receiver.Port}"),
                ("Webhooks:AllowedNetworks:0", "127.0.0.1/32"),
                ("Webhooks:AllowHttp", "true"),
                ("Webhooks:Timeout", "00:02:00"),
                ("Webhooks:ConnectTimeout", "00:02:00"),
                ("Webhooks:SecretFile", _folder.File("secrets")),
                .. settings,
            ]);
}
