using ForegSyte.Jobs.Faults;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// kill -9 of the JobService at named points around the end of a job and the sending of its messages: the receiver gets
/// each message at least once, under one id.
/// </summary>
public sealed class WebhookCrashPointTests(BaselineRun baseline)
{
    /// <summary>Points that only jobs with a webhook reach.</summary>
    internal static readonly CrashPoint[] WebhookPoints =
        [CrashPoint.WebhookClaimed, CrashPoint.WebhookSent, CrashPoint.WebhookRecorded];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> Points => new()
    {
        { nameof(CrashPoint.ManifestStored), 1 },
        { nameof(CrashPoint.JobCompleted), 1 },
        { nameof(CrashPoint.WebhookClaimed), 1 },
        { nameof(CrashPoint.WebhookClaimed), 2 },
        { nameof(CrashPoint.WebhookSent), 1 },
        { nameof(CrashPoint.WebhookSent), 2 },
        { nameof(CrashPoint.WebhookRecorded), 1 },
        { nameof(CrashPoint.WebhookRecorded), 2 },
    };

    [Theory]
    [MemberData(nameof(Points))]
    public async Task JobService_KilledAtPoint_LosesNoMessage(string name, int passing)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var service = ServiceFor(receiver);
        await service.StartAsync(Enum.Parse<CrashPoint>(name), passing);
        var jobId = await SubmitAsync(service, receiver);
        Assert.Equal(RestartableJobService.Killed, await service.Process.Exit.WaitAsync(Wait.Timeout, Token));

        await service.StartAsync();
        var diagnosis = await DeliveredAsync(service, jobId);

        Assert.Equal(JobStatus.Completed, diagnosis.Job.Status);
        AssertReceived(receiver, diagnosis);
        Assert.Equal(0, await service.Process.StopAsync());
    }

    [Fact]
    public async Task JobService_KilledWhileTheReceiverFails_LosesNoMessage()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = WebhookReceiver.Status(StatusCodes.Status503ServiceUnavailable);
        await using var service = ServiceFor(receiver);
        await service.StartAsync();
        var jobId = await SubmitAsync(service, receiver);
        for (var round = 1; round <= 3; round++)
        {
            await receiver.WaitAsync(receiver.Messages.Count + 1);
            await service.KillAsync();
            await service.StartAsync();
        }

        receiver.Answer = WebhookReceiver.Status(StatusCodes.Status200OK);
        AssertReceived(receiver, await DeliveredAsync(service, jobId));
    }

    /// <summary>Each message of the outbox arrived, and nothing else did.</summary>
    private static void AssertReceived(WebhookReceiver receiver, JobDiagnosis diagnosis)
    {
        Assert.Equal(
            [WebhookEvent.Started, WebhookEvent.Ended], diagnosis.WebhookDeliveries.Select(delivery => delivery.Event));
        Assert.Equal(
            diagnosis.WebhookDeliveries.Select(delivery => delivery.DeliveryId).Order(),
            receiver.Messages.Select(message => message.Id).Distinct().Order());
    }

    private static Task<JobDiagnosis> DeliveredAsync(RestartableJobService service, string jobId) => Wait.ForAsync(
        async () => (await service.Client.DiagnoseJobAsync(
            new DiagnoseJobRequest { JobId = jobId }, cancellationToken: Token)).Diagnosis,
        diagnosis => diagnosis.WebhookDeliveries.Count == 2
            && diagnosis.WebhookDeliveries.All(delivery => delivery.State == WebhookDeliveryState.Delivered),
        "both messages are delivered");

    private static async Task<string> SubmitAsync(RestartableJobService service, WebhookReceiver receiver)
    {
        var request = JobRequest.All[0].ToCall(Guid.NewGuid());
        request.Webhook = new Webhook
        {
            Uri = receiver.UriOf(),
            Events = { WebhookEvent.Started, WebhookEvent.Ended },
        };
        return (await service.Client.SubmitVideoAsync(request, cancellationToken: Token)).Job.JobId;
    }

    private RestartableJobService ServiceFor(WebhookReceiver receiver) => new(
        [baseline.Inference.Address],
        settings: new Dictionary<string, string>
        {
            ["Webhooks:AllowedHosts:0"] = "127.0.0.1",
            ["Webhooks:AllowedNetworks:0"] = "127.0.0.1/32",
            ["Webhooks:AllowedPorts:0"] = $"{receiver.Port}",
            ["Webhooks:AllowHttp"] = "true",
            ["Webhooks:AllowUnsigned"] = "true",
            ["Webhooks:FirstDelay"] = "00:00:00.050",
            ["Webhooks:MaxDelay"] = "00:00:00.200",
            ["Webhooks:MaxTries"] = "100",
        });
}
