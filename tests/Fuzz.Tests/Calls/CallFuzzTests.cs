using ForegSyte.Client;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>Every RPC over a real channel, with requests of all kinds.</summary>
public sealed class CallFuzzTests(Tally tally)
{
    /// <summary>Calls of each method in `make test`.</summary>
    private const int QuickCalls = 60;

    /// <summary>Jobs that there are before the first call; some calls delete one.</summary>
    private const int Jobs = 8;

    /// <summary>Longer than the longest wait of WaitJob: past it a call hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(80);

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

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
        using var jobs = GrpcChannel.ForAddress(services.JobAddress);
        using var inference = GrpcChannel.ForAddress(services.InferenceAddress);
        var requests = new RequestBytes(await WordsAsync(services));
        var footprint = Footprint.Of(services);

        await Fuzzing.RunAsync(
            "calls",
            tally,
            async random =>
            {
                var method = Contracts.Methods[random.Next(Contracts.Methods.Count)];
                var channel = method.Service.Name == "InferenceService" ? inference : jobs;
                var (bytes, _) = requests.Make(method, random);
                var outcome = await CallAsync(channel, method, bytes);
                tally.Count($"call of {method.Service.Name}.{method.Name}", outcome);
                return outcome;
            },
            QuickCalls * Contracts.Methods.Count);

        // The calls may have made jobs, whose files are theirs, and connections; a call that is over leaves no process.
        await (footprint with { Files = await FilesOfJobsAsync(services) }).AssertUnchangedAsync(services, Token);
    }

    private static async Task<string> CallAsync(GrpcChannel channel, MethodDescriptor method, byte[] request)
    {
        var call = channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, method.Service.FullName, method.Name, Bytes, Bytes),
            host: null,
            new CallOptions(
                deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Patience, cancellationToken: Token),
            request);
        try
        {
            var answer = await call;
            method.OutputType.Parser.ParseFrom(answer);
            return "OK";
        }
        catch (RpcException failure)
        {
            var info = failure.GetRpcStatus()?.GetDetail<ErrorInfo>();
            var reason = info?.Reason ?? failure.StatusCode.ToString();
            Assert.False(
                failure.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.DeadlineExceeded,
                $"{method.FullName} answered {failure.StatusCode} {reason}: {failure.Status.Detail} to "
                + Convert.ToHexString(request));
            Assert.True(
                failure.StatusCode == StatusCode.Unimplemented || info?.Domain == ErrorReasons.Domain,
                $"{method.FullName} answered {failure.StatusCode} without ErrorInfo: {failure.Status.Detail} to "
                + Convert.ToHexString(request));
            return reason;
        }
    }

    /// <summary>Texts that bring a call further: jobs that have ended, their videos, names that exist.</summary>
    private static async Task<ILookup<string, string>> WordsAsync(Installation services)
    {
        var clip = await Clips.MakeTestPictureAsync(Path.Combine(services.Inbox, "clip.mp4"), 64, 48, frames: 6);
        await using var client = services.Client();
        List<(string Field, string Word)> words =
        [
            ("pipeline_id", "detect_only"), ("uri", $"file://{clip}"), ("job_id", Guid.NewGuid().ToString()),
            ("upload_id", Guid.NewGuid().ToString()), ("filter", "status = COMPLETED"),
            ("filter", "NOT status = FAILED"), ("request_id", ""), ("request_id", Guid.NewGuid().ToString()), ("display_name", "a clip"),
            ("page_token", ""),
        ];
        for (var number = 0; number < Jobs; number++)
        {
            var job = await client.SubmitFileAsync(clip, new SubmitOptions { PipelineId = "detect_only" }, Token);
            await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
            var page = await client.GetResultsPageAsync(job.JobId, pageBytes: 1, cancellationToken: Token);
            words.AddRange(
            [
                ("job_id", job.JobId), ("uri", $"file://{services.Storage}/{job.JobId}.mp4"),
                ("page_token", page.NextPageToken),
            ]);
        }

        return words.ToLookup(pair => pair.Field, pair => pair.Word);
    }

    /// <summary>The files of the jobs that there are; a job that is under way has some more for a while.</summary>
    private static async Task<IReadOnlyList<string>> FilesOfJobsAsync(Installation services)
    {
        await using var client = services.Client();
        List<string> files = [];
        await foreach (var listed in client.ListJobsAsync(cancellationToken: Token))
        {
            var job = await client.WaitForCompletionAsync(listed.JobId, cancellationToken: Token);
            files.AddRange(Directory.GetFiles(services.Storage, $"{job.JobId}*"));
        }

        files.AddRange(Directory.GetFiles(services.Storage, ".generation"));
        return [.. files.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
    }
}
