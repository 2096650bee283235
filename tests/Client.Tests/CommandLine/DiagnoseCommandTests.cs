using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class DiagnoseCommandTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Diagnose_RunningJob_ShowsWhatHappenedAndWhere()
    {
        _server.Service.Diagnose.Answer(new DiagnoseJobResponse { Diagnosis = Sample() });

        var run = await CommandLineRun.OnAsync(_server, "diagnose", SampleJobs.Id);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        foreach (var expected in new[]
        {
            $"{SampleJobs.Id} running", "Attempt 2 runs for 3 s.", "Trace 4bf92f3577b34da6a3ce929d0e0e4736",
            "Segments: 4 planned, 1 finished, 1 running", "32 to 63", "given up", "http://gpu-1:5201",
            "moov atom not found", "1 of at most 2 jobs running, 7 pending, 1 of 3 InferenceServices serving",
        })
        {
            Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        }

        Assert.Matches(@"2026-01-31 12:00:02Z  \+2s +attempt 1 ended: DECODER_LOST", run.Output);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task Diagnose_FailedSegments_ShowsWarningsErrorsAndWhatFfmpegSaidInEach()
    {
        var diagnosis = Sample();
        diagnosis.Job = SampleJobs.Warned();
        diagnosis.Segments.Add(new SegmentDiagnosis
        {
            StartFrame = 64,
            EndFrame = 96,
            Attempt = 2,
            State = SegmentState.Failed,
            ErrorMessage = "No frame could be decoded.",
            DecoderOutput = "Invalid NAL unit size\nno frame!",
        });
        _server.Service.Diagnose.Answer(new DiagnoseJobResponse { Diagnosis = diagnosis });

        var run = await CommandLineRun.OnAsync(_server, "diagnose", SampleJobs.Id);

        foreach (var expected in new[]
        {
            "Warning: FRAMES_LOST (12): 12 frames could not be decoded.", "Frames 64 to 95, attempt 2: failed",
            "  No frame could be decoded.", "  Invalid NAL unit size", "  no frame!", "Last output of FFmpeg",
        })
        {
            Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Diagnose_Webhooks_ShowsEachDelivery()
    {
        var diagnosis = Sample();
        diagnosis.WebhookDeliveries.Add(new WebhookDelivery
        {
            DeliveryId = SampleJobs.Id,
            Uri = "https://hooks.example/a",
            Event = WebhookEvent.Started,
            State = WebhookDeliveryState.Delivered,
            Tries = 1,
            CreatedAt = At(1),
        });
        diagnosis.WebhookDeliveries.Add(new WebhookDelivery
        {
            DeliveryId = SampleJobs.Id,
            Uri = "https://hooks.example/a",
            Event = WebhookEvent.Ended,
            State = WebhookDeliveryState.Pending,
            Tries = 2,
            CreatedAt = At(2),
            NextTryAt = At(30),
            ErrorMessage = "The receiver answered HTTP 503.",
        });
        _server.Service.Diagnose.Answer(new DiagnoseJobResponse { Diagnosis = diagnosis });

        var run = await CommandLineRun.OnAsync(_server, "diagnose", SampleJobs.Id);

        var printed = string.Join(' ', run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(
            "2026-01-31 12:00:01Z started delivered after 1 try https://hooks.example/a", printed,
            StringComparison.Ordinal);
        Assert.Contains(
            "2026-01-31 12:00:02Z ended pending after 2 tries, next at 2026-01-31 12:00:30Z https://hooks.example/a "
            + "The receiver answered HTTP 503.",
            printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diagnose_Json_PrintsTheMessage()
    {
        _server.Service.Diagnose.Answer(new DiagnoseJobResponse { Diagnosis = Sample() });

        var run = await CommandLineRun.OnAsync(_server, "diagnose", SampleJobs.Id, "--json");

        Assert.Equal(Sample(), ForegSyteJson.Parser.Parse<JobDiagnosis>(run.Output));
    }

    [Fact]
    public async Task Diagnose_NoSuchJob_ExitsWithThree()
    {
        _server.Service.Diagnose.Fail(Failures.JobNotFound);

        var run = await CommandLineRun.OnAsync(_server, "diagnose", SampleJobs.Id);

        Assert.Equal((3, ""), (run.ExitCode, run.Output));
    }

    private static JobDiagnosis Sample() => new()
    {
        Job = SampleJobs.Running(12),
        Explanation = "Attempt 2 runs for 3 s.",
        TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
        Timeline =
        {
            new JobTimelineEntry { Time = At(0), Kind = JobTimelineEntryKind.Accepted, Description = "accepted" },
            new JobTimelineEntry
            {
                Time = At(2), Kind = JobTimelineEntryKind.AttemptEnded, Attempt = 1,
                Description = "attempt 1 ended: DECODER_LOST, which may pass: \u001b[31mred",
            },
        },
        SegmentCounts = new SegmentCounts { Planned = 4, Finished = 1, Running = 1 },
        Segments =
        {
            new SegmentDiagnosis
            {
                Number = 1, StartFrame = 32, EndFrame = 64, Attempt = 1, State = SegmentState.GivenUp,
                Instance = "http://gpu-1:5201", StartedAt = At(1), EndedAt = At(2),
                Error = SampleJobs.Error(ErrorReason.DecoderLost, "FFmpeg ended."),
            },
        },
        DecoderOutput = "[mov,mp4] moov atom not found\nVIDEO: Invalid data found",
        Dispatch = new DispatchState
        {
            RunningJobs = 1,
            MaxRunningJobs = 2,
            PendingJobs = 7,
            ServingInstances = 1,
            KnownInstances = 3,
        },
    };

    private static Timestamp At(int seconds) => Noon.AddSeconds(seconds).ToTimestamp();
}
