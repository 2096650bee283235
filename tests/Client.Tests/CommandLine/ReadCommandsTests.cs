using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class ReadCommandsTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Get_CompletedJob_ShowsItsFields()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        foreach (var expected in new[]
        {
            SampleJobs.Id, "completed", "768x576, 100 frames at 10 frames/s, 10s, h264", "100 of 100 analyzed",
            "25 frames/s", "CPU, 2 threads (fallback: CUDA execution provider is not enabled in this build)",
            "4.1s: 120ms queued, 4s at work (decode 1.2s and inference 3.9s, which overlap)", "2026-01-31 12:00:00Z",
            "person", "461",
            "GATE 07 NORTH",
        })
        {
            Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task Get_JobWithChoices_ShowsThem()
    {
        var job = SampleJobs.Completed();
        job.ReusedJobId = "9a4d1f0e-6ac0-4d3f-8f55-2c2f6a1f0b11";
        job.Options = new JobOptions
        {
            FramesPerSecond = 2.5,
            Sampling = Sampling.Adaptive,
            MaxFrames = 7,
            TimeRanges =
            {
                new TimeRange { Start = new Duration { Seconds = 10 }, End = new Duration { Seconds = 20 } },
                new TimeRange { Start = new Duration { Seconds = 90 } },
            },
            Labels = { "person", "car" },
            MinConfidence = 0.7f,
            Regions = { new RelativePolygon(), new RelativePolygon() },
        };
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches("Pipeline +yolo_ocr, about 2.5 frames/s, at most 7, adaptive", run.Output);
        Assert.Matches("Parts +10s to 20s, 1m 30s to the end", run.Output);
        Assert.Matches("Wanted +person, car; confidence from 0.7; in 2 regions", run.Output);
        Assert.Matches($"Results of +{job.ReusedJobId}", run.Output);
    }

    [Fact]
    public async Task Get_OneRegion_IsSingular()
    {
        var job = SampleJobs.Completed();
        job.Options = new JobOptions { Regions = { new RelativePolygon() } };
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches("Wanted +in 1 region\\s", run.Output);
    }

    [Fact]
    public async Task Get_JobWithWarnings_ShowsReasonCountAndMessage()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Warned() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches(@"Warning +FRAMES_LOST \(12\): 12 frames could not be decoded\.", run.Output);
        Assert.Matches(@"Warning +TRAILING_BYTES \(2\): 2 bytes follow the last box\.", run.Output);
        // A reason of a later version.
        Assert.Matches(@"Warning +99 \(1\): New\.", run.Output);
        Assert.Contains("80 of 100 analyzed, 5 of them damaged, 8 skipped", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            "h264, HDR (PQ), mirrored, pixels of 4:3, begins after 500ms", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_JobWithWarnings_CountsThem()
    {
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Warned() } });

        var run = await CommandLineRun.OnAsync(_server, "list");

        Assert.Contains("completed, 3 warnings", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_JobWhoseStorageCannotBeRead_SaysHowToFindTheCause()
    {
        _server.Service.Get.Answer(new GetJobResponse
        {
            Job = SampleJobs.Waiting(new QueueState { Reason = WaitReason.StorageUnreadable }),
        });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Contains("'foregsyte diagnose' says why", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_PendingJob_ShowsPriorityAndWhyItWaits()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Queued(3) });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches(@"Status +pending", run.Output);
        Assert.Matches(@"Waiting +3rd in the queue", run.Output);
        Assert.Matches(@"Priority +7 ", run.Output);
    }

    [Fact]
    public async Task Get_ResumedJob_ShowsItsAttempts()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Resumed() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches(
            @"1\W+2026-01-31 12:00:00Z\W+9s\W+0\W+CUDA device 0\W+INFERENCE_UNAVAILABLE: The InferenceService "
            + @"went away\.\W+yes",
            run.Output);
        Assert.Matches(@"2\W+2026-01-31 12:00:12Z\W+45\W+CPU, 2 threads\W+running", run.Output);
        Assert.DoesNotContain("Waiting", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_ManyAttempts_ShowsTheLatest()
    {
        var job = SampleJobs.Pending();
        job.Attempts.AddRange(Enumerable.Range(1, 12).Select(number => new Attempt
        {
            Number = number,
            Error = SampleJobs.Error(ErrorReason.StageFailed, "The detector failed."),
            ErrorMessage = $"Try {number}.",
        }));
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.DoesNotContain("Try 2.", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"STAGE_FAILED: Try 3\.\W+no", run.Output);
        Assert.Contains("Try 12.", run.Output, StringComparison.Ordinal);
        Assert.Contains("after 2 earlier attempts", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_OneAttemptThatCompleted_ShowsNoTable()
    {
        var job = SampleJobs.Completed();
        job.Attempts.Add(new Attempt { Number = 1, StartedAt = job.CreatedAt, EndedAt = job.CreatedAt });
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.DoesNotContain("Attempt", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_PendingJob_ShowsPriorityAndWhyItWaits()
    {
        var waiting = SampleJobs.Waiting(new QueueState { Reason = WaitReason.NoInferenceService });
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { waiting, SampleJobs.Running(4) } });

        var run = await CommandLineRun.OnAsync(_server, "list");

        Assert.Matches(@"pending: no InferenceService is serving\W+7 ", run.Output);
        Assert.Matches(@"running\W+0 ", run.Output);
    }

    [Fact]
    public async Task Get_TagsAndDevices_ShowsThem()
    {
        var job = SampleJobs.Completed();
        job.Tags["site"] = "a";
        job.Tags["camera"] = "north";
        job.Devices.Add(new Device { Description = "CUDA device 0" });
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches(@"Tags +camera=north, site=a", run.Output);
        Assert.Matches(@"Devices +CPU, 2 threads \(fallback: [^)]*\); CUDA device 0", run.Output);
    }

    [Fact]
    public async Task Get_FailedJob_ShowsTheReason()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Failed() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches(@"Error +UNDECODABLE_VIDEO: Frame 40 could not be decoded\.", run.Output);
    }

    [Theory]
    [InlineData(JobView.Basic)]
    [InlineData(JobView.Basic, "--view", "full")]
    [InlineData(JobView.Full, "--json")]
    [InlineData(JobView.Basic, "--json", "--view", "basic")]
    public async Task List_View_IsWholeJobsOnlyForJson(JobView expected, params string[] options)
    {
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Running(1) } });

        var run = await CommandLineRun.OnAsync(_server, ["list", .. options]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(expected, Assert.Single(_server.Service.List.Requests).View);
    }

    [Fact]
    public async Task Get_Json_RoundTrips()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id, "--json");

        Assert.Equal(SampleJobs.Completed(), ForegSyteJson.StrictParser.Parse<Job>(run.Output));
    }

    [Fact]
    public async Task Get_ErrorMessageWithEscapes_ReplacesThem()
    {
        var job = SampleJobs.Failed();
        job.ErrorMessage = "bad\u001b[2Jframe\nnext";
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Contains("UNDECODABLE_VIDEO: bad\\u001b[2Jframe next", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_JobThatOnlyReadText_SaysNothingAboutObjects()
    {
        var job = SampleJobs.Completed();
        job.Summary.Labels.Clear();
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Contains("GATE 07 NORTH", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("objects", run.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Get_VideoOfOneFrame_IsSingular()
    {
        var job = SampleJobs.Completed();
        job.Video.FrameCount = 1;
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Contains("768x576, 1 frame at", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_FilterAndStatus_AreBothSent()
    {
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Running(45), SampleJobs.Completed() } });

        var run = await CommandLineRun.OnAsync(
            _server, "list", "--filter", "pipeline_id = \"yolo_ocr\"", "--status", "running", "--limit", "7");

        Assert.Equal(0, run.ExitCode);
        var request = Assert.Single(_server.Service.List.Requests);
        Assert.Equal(("pipeline_id = \"yolo_ocr\" AND status = RUNNING", 8), (request.Filter, request.PageSize));
        Assert.Contains("45/100", run.Output, StringComparison.Ordinal);
        Assert.Contains("pedestrians.mp4", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Limit_StopsWithinAPage()
    {
        _server.Service.List.Answer(new ListJobsResponse
        {
            Jobs = { SampleJobs.Running(1), SampleJobs.Running(2), SampleJobs.Running(3) },
            NextPageToken = "b",
        });

        var run = await CommandLineRun.OnAsync(_server, "list", "--limit", "2", "--json");

        using var document = System.Text.Json.JsonDocument.Parse(run.Output);
        Assert.Equal(2, document.RootElement.GetProperty("jobs").GetArrayLength());
    }

    [Fact]
    public async Task Pipelines_Always_ShowsStages()
    {
        _server.Service.Pipelines.Answer(new ListPipelinesResponse
        {
            Pipelines =
            {
                new Pipeline
                {
                    Id = "ocr_only",
                    Description = "Reads text.",
                    Nodes =
                    {
                        new PipelineNode
                        {
                            Id = "read",
                            Stage = "read_text",
                            Parameters =
                            {
                                ["max_regions"] = new Parameter { Int64Value = 100 },
                                ["confidence"] = new Parameter { DoubleValue = 0.25 },
                            },
                        },
                    },
                },
            },
        });

        var run = await CommandLineRun.OnAsync(_server, "pipelines");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("ocr_only", run.Output, StringComparison.Ordinal);
        Assert.Contains("read_text", run.Output, StringComparison.Ordinal);
        Assert.Contains("read.confidence = 0.25, read.max_regions = 100", run.Output, StringComparison.Ordinal);
    }
}
