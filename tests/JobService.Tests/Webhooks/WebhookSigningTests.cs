using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Webhooks;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>The form of messages: signature, secrets and CloudEvents.</summary>
public sealed class WebhookSigningTests
{
    private const string Key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void Of_TestVectorOfStandardWebhooks_IsItsSignature()
    {
        // The example of the reference implementations (standard-webhooks/standard-webhooks, libraries/).
        var secrets = WebhookSecrets.Parse([Key]);

        var signature = WebhookSignature.Of(
            secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1_614_265_330),
            "{\"test\": 2432232314}"u8);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }

    [Theory]
    [InlineData(0, Key, "True")]
    [InlineData(0, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "False")]
    [InlineData(-6, Key, "False")]
    public async Task Of_Message_IsVerifiedByTheProgramOfTheDocument(int minutes, string secret, string expected)
    {
        var document = await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "docs", "webhooks.md"), TestContext.Current.CancellationToken);
        var program = document.Split("```python\n")[1].Split("```")[0];
        var time = TimeProvider.System.GetUtcNow().AddMinutes(minutes);
        var body = Encoding.UTF8.GetBytes("{\"name\": \"Stra\u00dfe\"}");
        var signature = WebhookSignature.Of([new byte[32], .. WebhookSecrets.Parse([Key])], "an-id", time, body);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder.File("check.py"),
            program + FormattableString.Invariant($$"""

            headers = {
                "webhook-id": "an-id", "webhook-timestamp": "{{time.ToUnixTimeSeconds()}}",
                "webhook-signature": "{{signature}}",
            }
            print(verify("{{secret}}", headers, bytes.fromhex("{{Convert.ToHexString(body)}}")))
            """),
            TestContext.Current.CancellationToken);

        var run = await Shell.RunAsync("python3 check.py", folder.Path);

        Assert.Equal((expected, ""), (run.StandardOutput.Trim(), run.StandardError));
    }

    [Fact]
    public void Of_SeveralSecrets_HasASignatureForEach()
    {
        var (old, next) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));

        var both = WebhookSignature.Of([old, next], "id", TestJobs.Noon, "{}"u8);

        Assert.Equal(
            $"{WebhookSignature.Of([old], "id", TestJobs.Noon, "{}"u8)} "
            + WebhookSignature.Of([next], "id", TestJobs.Noon, "{}"u8),
            both);
    }

    [Fact]
    public void Parse_CommentsAndSeveralSecrets_KeepsTheOrder()
    {
        var other = "whsec_" + Convert.ToBase64String(new byte[64]);

        var secrets = WebhookSecrets.Parse(["# new since May", " " + Key + " ", "", other]);

        Assert.Equal(
            [Convert.FromBase64String(Key["whsec_".Length..]), new byte[64]], secrets);
    }

    [Theory]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no secret")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "no secret")]
    [InlineData("whsec_c2hvcnQ=", "no secret")]
    [InlineData("whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no secret")]
    [InlineData("# only a comment", "has 0 secrets")]
    public void Parse_Other_IsRefusedWithoutShowingIt(string line, string problem)
    {
        var failure = Assert.Throws<FormatException>(() => WebhookSecrets.Parse([line]));

        Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("MfKQ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TooLongOrTooMany_IsRefused()
    {
        Assert.Throws<FormatException>(
            () => WebhookSecrets.Parse(["whsec_" + Convert.ToBase64String(new byte[65])]));
        Assert.Throws<FormatException>(
            () => WebhookSecrets.Parse(Enumerable.Repeat(Key, WebhookSecrets.MaxSecrets + 1)));
    }

    [Theory]
    [InlineData(WebhookEvent.Ended, "dev.foregsyte.job.ended.v1")]
    [InlineData(WebhookEvent.Started, "dev.foregsyte.job.started.v1")]
    public void Format_Message_IsACloudEventThatTheLibraryReads(WebhookEvent happened, string type)
    {
        var job = TestJobs.Pending() with { DisplayName = "Straße \"north\" \U0001F3A5 <a&b>" };
        var json = Protocol.Json.ForegSyteJson.Formatter.Format(JobMessage.From(job));
        var delivery = new DeliveryRecord
        {
            DeliveryId = Guid.NewGuid(),
            JobId = job.JobId,
            Uri = "https://hooks.example/a?key=secret",
            Host = "hooks.example:443",
            Event = happened,
            Extent = JobExtent.Basic,
            JobJson = json,
            CreatedAt = TestJobs.Noon.AddTicks(1230),
        };

        var (body, mediaType) = JobCloudEvent.Format(delivery, "https://foregsyte.example");

        var message = new JsonEventFormatter().DecodeStructuredModeMessage(body, mediaType, null);
        Assert.True(message.IsValid, "The CloudEvent is not valid.");
        Assert.Equal("application/cloudevents+json", mediaType.MediaType);
        Assert.Equal(
            (CloudEventsSpecVersion.V1_0, delivery.DeliveryId.ToString(), type, job.JobId.ToString(),
                "https://foregsyte.example/", delivery.CreatedAt, "application/json", "BASIC"),
            (message.SpecVersion, message.Id, message.Type, message.Subject, message.Source!.ToString(),
                message.Time!.Value, message.DataContentType, message["jobview"]));
        var data = Assert.IsType<JsonElement>(message.Data);
        Assert.True(
            JsonElement.DeepEquals(JsonDocument.Parse(json).RootElement, data), $"The data is not the job: {data}");
        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(body.Span), StringComparison.Ordinal);
    }
}
