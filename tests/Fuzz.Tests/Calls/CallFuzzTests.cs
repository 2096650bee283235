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

/// <summary>Random requests to every RPC over a real channel.</summary>
public sealed class CallFuzzTests(OutcomeCounts outcomes)
{
    /// <summary>Calls per method in `make test`.</summary>
    private const int QuickCalls = 60;

    /// <summary>Initial jobs and uploads; the calls that delete get half of them.</summary>
    private const int Jobs = 8;

    /// <summary>Tested separately, since it changes the state of the service.</summary>
    private static readonly MethodDescriptor Drain =
        Contracts.Methods.Single(method => method.Name == "DrainServer");

    /// <summary>Without CreateBackup: its backups stay, and each links all files.</summary>
    private static readonly IReadOnlyList<MethodDescriptor> Others =
        [.. Contracts.Methods.Where(method => method != Drain && method.Name != "CreateBackup")];

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
        var words = await ValidValuesAsync(services, new UploadService.UploadServiceClient(jobs));
        var requests = new RequestBytes(words);
        var footprint = Footprint.Of(services) with { Files = untouched };
        var uploads = new ConcurrentBag<string>(words["upload_id"].Concat(words["AbortUpload.upload_id"]));

        await Fuzzing.RunAsync(
            "calls",
            outcomes,
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

                outcomes.Count($"call of {method.Service.Name}.{method.Name}", outcome);
                return outcome;
            },
            QuickCalls * Others.Count);

        // After the deletion of everything, no file, process or descriptor remains.
        await EndUploadsAsync(jobs, uploads);
        await DeleteJobsAsync(services);
        await footprint.AssertUnchangedAsync(services);
    }

    [Fact]
    public async Task DrainServer_AnyRequest_AnswersWithAReasonAndTheServiceRemains()
    {
        await using var services = new Installation();
        await services.StartJobServiceAsync();
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        var requests = new RequestBytes(Array.Empty<string>().ToLookup(word => word));
        await Fuzzing.RunAsync(
            "drains",
            outcomes,
            async random =>
            {
                var (bytes, _) = requests.Make(Drain, random);
                var outcome = IsToStop(bytes)
                    ? "not sent: it would stop the service"
                    : (await RawCall.MakeAsync(channel, Drain, bytes)).Outcome;
                outcomes.Count($"call of {Drain.Service.Name}.{Drain.Name}", outcome);
                return outcome;
            },
            QuickCalls);
        await new JobService.JobServiceClient(channel).GetServerInfoAsync(new(), cancellationToken: Token);
    }

    private static bool IsToStop(byte[] request)
    {
        try
        {
            return DrainServerRequest.Parser.ParseFrom(request).ExitWhenDrained;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    /// <summary>Valid values that get a call past its first checks: ids, URIs, tokens, names.</summary>
    private static async Task<ILookup<string, string>> ValidValuesAsync(
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
            var job = await client.SubmitFileAsync(
                clip, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);
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
                // A call has already ended it.
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
