using System.Collections.Concurrent;
using ForegSyte.Client;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>Every RPC over a real channel, with requests of all kinds.</summary>
public sealed class CallFuzzTests(Tally tally)
{
    /// <summary>Calls of each method in `make test`.</summary>
    private const int QuickCalls = 60;

    /// <summary>
    /// Jobs and uploads that there are before the first call; half of them are for the calls that remove.
    /// </summary>
    private const int Jobs = 8;

    /// <summary>The one method after which nothing is as before, on purpose.</summary>
    private static readonly MethodDescriptor Drain =
        Contracts.Methods.Single(method => method.Name == "DrainServer");

    private static readonly IReadOnlyList<MethodDescriptor> Others =
        [.. Contracts.Methods.Where(method => method != Drain)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Methods_OfTheContracts_AreFound() =>
        Assert.Superset(
            new HashSet<string> { "SubmitVideo", "UploadPart", "RunPipeline", "GetServerInfo" },
            Contracts.Methods.Select(method => method.Name).ToHashSet());

    [Fact]
    public async Task EveryMethod_WhateverItIsSent_AnswersWithAReasonAndNoDefect()
    {
        await using var services = new Installation();
        await services.StartAsync();
        var untouched = Footprint.Of(services).Files;
        using var jobs = GrpcChannel.ForAddress(services.JobAddress);
        using var inference = GrpcChannel.ForAddress(services.InferenceAddress);
        var words = await WordsAsync(services, new UploadService.UploadServiceClient(jobs));
        var requests = new RequestBytes(words);
        var footprint = Footprint.Of(services) with { Files = untouched };
        var uploads = new ConcurrentBag<string>(words["upload_id"].Concat(words["AbortUpload.upload_id"]));

        await Fuzzing.RunAsync(
            "calls",
            tally,
            async random =>
            {
                var method = Others[random.Next(Others.Count)];
                var channel = method.Service.Name == "InferenceService" ? inference : jobs;
                var (bytes, _) = requests.Make(method, random);
                var (outcome, answer) = await RawCall.MakeAsync(channel, method, bytes);
                if (answer is CreateUploadResponse created)
                {
                    uploads.Add(created.Upload.UploadId);
                }

                tally.Count($"call of {method.Service.Name}.{method.Name}", outcome);
                return outcome;
            },
            QuickCalls * Others.Count);

        // What the calls made can be removed by calls, and then nothing is left of it: no file, process or descriptor.
        await EndUploadsAsync(jobs, uploads);
        await DeleteJobsAsync(services);
        await footprint.AssertUnchangedAsync(services, Token);
    }

    [Fact]
    public async Task DrainServer_WhateverItIsSent_AnswersWithAReasonAndGoesOnToAnswer()
    {
        await using var services = new Installation();
        await services.StartJobServiceAsync();
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        var requests = new RequestBytes(Array.Empty<string>().ToLookup(word => word));
        await Fuzzing.RunAsync(
            "drains",
            tally,
            async random =>
            {
                var (bytes, _) = requests.Make(Drain, random);
                var outcome = IsToStop(bytes)
                    ? "not sent: it would be obeyed"
                    : (await RawCall.MakeAsync(channel, Drain, bytes)).Outcome;
                tally.Count($"call of {Drain.Service.Name}.{Drain.Name}", outcome);
                return outcome;
            },
            QuickCalls);
        await new JobService.JobServiceClient(channel).GetServerInfoAsync(new(), cancellationToken: Token);
    }

    private static bool IsToStop(byte[] request)
    {
        try
        {
            return DrainServerRequest.Parser.ParseFrom(request).Stop;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    /// <summary>Texts that bring a call further: jobs that have ended, their videos, uploads, names.</summary>
    private static async Task<ILookup<string, string>> WordsAsync(
        Installation services, UploadService.UploadServiceClient uploads)
    {
        var clip = await Clips.MakeTestPictureAsync(Path.Combine(services.Inbox, "clip.mp4"), 64, 48, frames: 6);
        await using var client = services.Client();
        List<(string Field, string Word)> words =
        [
            ("pipeline_id", "detect_only"), ("uri", $"file://{clip}"), ("job_id", Guid.NewGuid().ToString()),
            ("upload_id", Guid.NewGuid().ToString()), ("filter", "status = COMPLETED"),
            ("filter", "NOT status = FAILED"), ("request_id", ""), ("request_id", Guid.NewGuid().ToString()),
            ("display_name", "a clip"), ("page_token", ""), ("sha256", ""),
        ];
        for (var number = 0; number < Jobs; number++)
        {
            var (removeJob, removeUpload) = number % 2 == 0 ? ("DeleteJob.", "AbortUpload.") : ("", "");
            var job = await client.SubmitFileAsync(clip, new SubmitOptions { PipelineId = "detect_only" }, Token);
            await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
            var upload = await uploads.CreateUploadAsync(new() { SizeBytes = 100 }, cancellationToken: Token);
            var page = await client.GetResultsPageAsync(job.JobId, pageBytes: 1, cancellationToken: Token);
            words.AddRange(
            [
                ($"{removeJob}job_id", job.JobId), ($"{removeUpload}upload_id", upload.Upload.UploadId),
                ("uri", $"file://{services.Storage}/{job.JobId}.mp4"), ("page_token", page.NextPageToken),
            ]);
        }

        return words.ToLookup(pair => pair.Field, pair => pair.Word);
    }

    private static async Task EndUploadsAsync(GrpcChannel channel, IEnumerable<string> uploads)
    {
        var client = new UploadService.UploadServiceClient(channel);
        foreach (var uploadId in uploads)
        {
            try
            {
                await client.AbortUploadAsync(new() { UploadId = uploadId }, cancellationToken: Token);
            }
            catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
            {
                // One of the calls has ended it.
            }
        }
    }

    private static async Task DeleteJobsAsync(Installation services)
    {
        await using var client = services.Client();
        List<string> ended = [];
        await foreach (var listed in client.ListJobsAsync(cancellationToken: Token))
        {
            ended.Add((await client.WaitForCompletionAsync(listed.JobId, cancellationToken: Token)).JobId);
        }

        foreach (var jobId in ended)
        {
            await client.DeleteJobAsync(jobId, cancellationToken: Token);
        }
    }
}
