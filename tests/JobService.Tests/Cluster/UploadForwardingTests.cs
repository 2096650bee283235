using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using ClientCredentials = ForegSyte.Client.ClientCredentials;

namespace ForegSyte.Jobs.Tests.Cluster;

/// <summary>Calls about an upload that arrive at another node than its own. Each node has a database of its own.
/// </summary>
public sealed class UploadForwardingTests : IAsyncLifetime
{
    private const int PartBytes = 512 * 1024;

    private readonly SharedUploadOwners _owners = new();
    private readonly List<IAsyncDisposable> _nodes = [];
    private RunningJobService _owner = null!;
    private RunningJobService _other = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _owner = await StartAsync("owner");
        _other = await StartAsync("other");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Upload_ThroughAnotherNode_BecomesAJobOfItsOwner()
    {
        var upload = await CreateAsync(_owner);
        for (var offset = 0; offset < RunningJobService.Video.Length; offset += PartBytes)
        {
            await _other.Uploads.UploadPartAsync(PartOf(upload, offset), cancellationToken: Cancellation);
        }

        var seen = (await GetAsync(_other, upload)).Upload;
        Assert.Equal(RunningJobService.Video.Length, seen.ReceivedBytes);
        var job = (await _other.Client.SubmitVideoAsync(
            new SubmitVideoRequest { UploadId = upload.UploadId, PipelineId = "detect_only" },
            cancellationToken: Cancellation)).Job;

        Assert.Equal(
            RunningJobService.Video,
            ByteString.CopyFrom(await File.ReadAllBytesAsync(_owner.PathOf($"{job.JobId}.mp4"), Cancellation)));
        Assert.Empty(Directory.GetFiles(Path.Combine(_other.StorageFolder, ".uploads")));
    }

    [Fact]
    public async Task Abort_ThroughAnotherNode_RemovesTheUpload()
    {
        var upload = await CreateAsync(_owner);

        await _other.Uploads.AbortUploadAsync(
            new AbortUploadRequest { UploadId = upload.UploadId }, cancellationToken: Cancellation);

        Assert.Equal(ErrorReason.UploadNotFound, await ReasonAsync(_owner, upload));

        // The directory still names the owner, whose answer the other node passes on.
        Assert.Equal(ErrorReason.UploadNotFound, await ReasonAsync(_other, upload));
    }

    [Fact]
    public async Task Error_OfTheOwner_ReachesTheCallerWithItsDetails()
    {
        var upload = await CreateAsync(_owner);
        var part = PartOf(upload, 0);
        part.Crc32C ^= 1;

        var refusal = await Refusal.OfAsync(
            _other.Uploads.UploadPartAsync(part, cancellationToken: Cancellation));

        Assert.Equal(ErrorReason.PartChecksumMismatch, refusal.Reason);
        Assert.Equal("crc32c", Assert.Single(refusal.Status.GetDetail<BadRequest>().FieldViolations).Field);
    }

    [Fact]
    [Reaches(ErrorReason.NodeUnavailable)]
    public async Task Owner_Away_IsUnavailableWithARetryDelay()
    {
        var upload = await CreateAsync(_owner);

        // Lost, by its heartbeats; and not yet known to be lost, but nothing listens any more.
        _owners.Addresses.TryRemove("owner", out var address);
        var lost = await Refusal.OfAsync(GetCall(_other, upload));
        _owners.Addresses["owner"] = address!;
        await _owner.DisposeAsync();
        _nodes.Remove(_owner);
        var gone = await Refusal.OfAsync(GetCall(_other, upload));

        foreach (var refusal in new[] { lost, gone })
        {
            Assert.Equal((ErrorReason.NodeUnavailable, "owner"), (refusal.Reason, refusal.Info.Metadata["node"]));
            Assert.Equal(10, refusal.Status.GetDetail<RetryInfo>().RetryDelay.Seconds);
        }
    }

    [Fact]
    public async Task Call_PassedOnOnce_IsNotPassedOnAgain()
    {
        var upload = await CreateAsync(_owner);

        // Each node believes that the other is the owner.
        await _owner.Services.GetRequiredService<UploadStore>().AbortAsync(
            Guid.Parse(upload.UploadId), visibleTenant: null, Cancellation);
        _owners.Move(Guid.Parse(upload.UploadId), "other");

        Assert.Equal(ErrorReason.UploadNotFound, await ReasonAsync(_owner, upload));
    }

    [Fact]
    public async Task Upload_Unknown_IsNotFound() => Assert.Equal(
        ErrorReason.UploadNotFound, await ReasonAsync(_other, new Upload { UploadId = Guid.NewGuid().ToString() }));

    [Fact]
    public async Task Create_SameRequestIdAtAnotherNode_ReturnsTheSameUpload()
    {
        var request = new CreateUploadRequest { SizeBytes = 7, RequestId = Guid.NewGuid().ToString() };
        var first = await _owner.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation);
        var second = await _other.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation);
        Assert.Equal(first, second);

        request.SizeBytes = 8;
        var refusal = await Refusal.OfAsync(
            _other.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation));
        Assert.Equal(ErrorReason.RequestIdConflict, refusal.Reason);
    }

    [Fact]
    public async Task Part_OfTheLargestSize_IsPassedOn()
    {
        var largest = new UploadOptions().MaxPartBytes;
        var request = new CreateUploadRequest { SizeBytes = largest };
        var upload = (await _owner.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation)).Upload;
        var part = PartOf(upload, 0, ByteString.CopyFrom(new byte[largest]));

        var answer = await _other.Uploads.UploadPartAsync(part, cancellationToken: Cancellation);

        Assert.Equal(largest, answer.ReceivedBytes);
    }

    [Fact]
    public async Task Http_PartAtAnotherNode_IsPassedOn()
    {
        var node = await StartAsync("third", ("Listen:HttpPort", "0"));
        var upload = await CreateAsync(_owner);
        var data = RunningJobService.Video.Memory[..1024].ToArray();
        using var http = new HttpCaller(node.HttpAddress);

        var reply = await http.SendBytesAsync(
            "PUT", $"/v1/uploads/{upload.UploadId}/parts/0?crc32c={Crc32C.Of(data)}", data,
            "application/octet-stream");

        Assert.Equal(1024, reply.Read<UploadPartResponse>().ReceivedBytes);
    }

    [Fact]
    public async Task Caller_OfAnotherTenant_SeesNoUploadAndTheOwnersCallerDoes()
    {
        using var access = AccessSetup.ApiKeys();
        var (first, second) = (await StartAsync("first", access), await StartAsync("second", access));
        var uploadId = (await UploadsOf(first, access, "submit").CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 7 }, cancellationToken: Cancellation)).Upload.UploadId;
        var request = new GetUploadRequest { UploadId = uploadId };

        var own = await UploadsOf(second, access, "submit").GetUploadAsync(request, cancellationToken: Cancellation);
        var foreign = await Refusal.OfAsync(
            UploadsOf(second, access, "other").GetUploadAsync(request, cancellationToken: Cancellation));

        Assert.Equal(uploadId, own.Upload.UploadId);
        Assert.Equal(ErrorReason.UploadNotFound, foreign.Reason);
    }

    [Fact]
    public async Task Upload_BetweenNodesWithTls_IsPassedOn()
    {
        using var keys = AccessSetup.ApiKeys();
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder.Path);
        using var stranger = new TestCertificates(folder.Path, "stranger");
        var (certificate, key) = authority.Server();
        var (presented, presentedKey) = authority.Client("node", "CN=node, O=Test");
        (string, string)[] listening =
        [
            .. keys.Settings, ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key),
            ("Listen:Tls:ClientCaFile", authority.CaFile), ("Listen:Tls:RequireClientCertificate", "true"),
            ("Node:Tls:CertificateFile", presented), ("Node:Tls:KeyFile", presentedKey),
        ];
        var first = await StartAsync("first", [.. listening, ("Node:Tls:CaFile", authority.CaFile)]);
        var second = await StartAsync("second", [.. listening, ("Node:Tls:CaFile", authority.CaFile)]);
        var distrustful = await StartAsync("distrustful", [.. listening, ("Node:Tls:CaFile", stranger.CaFile)]);
        var uploadId = (await Uploads(first).CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 7 }, cancellationToken: Cancellation)).Upload.UploadId;
        var request = new GetUploadRequest { UploadId = uploadId };

        var passedOn = await Uploads(second).GetUploadAsync(request, cancellationToken: Cancellation);
        var refusal = await Refusal.OfAsync(
            Uploads(distrustful).GetUploadAsync(request, cancellationToken: Cancellation));

        Assert.Equal(uploadId, passedOn.Upload.UploadId);
        Assert.Equal(ErrorReason.NodeUnavailable, refusal.Reason);

        UploadService.UploadServiceClient Uploads(RunningJobService node) => new(AccessOutcome.ChannelOf(
            new UriBuilder(node.Address) { Host = "localhost" }.Uri,
            new ClientCredentials
            {
                ApiKey = keys.Callers["submit"].ApiKey,
                CaFile = authority.CaFile,
                CertificateFile = presented,
                KeyFile = presentedKey,
            }));
    }

    [Fact]
    public async Task Caller_WithAClientCertificate_IsToldToCallTheOwner()
    {
        using var access = AccessSetup.MutualTls();
        var (first, second) = (await StartAsync("first", access), await StartAsync("second", access));
        var uploadId = (await UploadsOf(first, access, "submit").CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 7 }, cancellationToken: Cancellation)).Upload.UploadId;

        var refusal = await Refusal.OfAsync(UploadsOf(second, access, "submit").GetUploadAsync(
            new GetUploadRequest { UploadId = uploadId }, cancellationToken: Cancellation));

        Assert.Equal((ErrorReason.NodeUnavailable, "first"), (refusal.Reason, refusal.Info.Metadata["node"]));
    }

    private static UploadPartRequest PartOf(Upload upload, int offset, ByteString? data = null)
    {
        var video = RunningJobService.Video;
        data ??= ByteString.CopyFrom(video.Span[offset..Math.Min(video.Length, offset + PartBytes)]);
        return new UploadPartRequest
        {
            UploadId = upload.UploadId,
            Offset = offset,
            Data = data,
            Crc32C = Crc32C.Of(data.Span),
        };
    }

    private static async Task<Upload> CreateAsync(RunningJobService node) =>
        (await node.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = RunningJobService.Video.Length },
            cancellationToken: Cancellation)).Upload;

    private static AsyncUnaryCall<GetUploadResponse> GetCall(RunningJobService node, Upload upload) =>
        node.Uploads.GetUploadAsync(
            new GetUploadRequest { UploadId = upload.UploadId }, cancellationToken: Cancellation);

    private static async Task<GetUploadResponse> GetAsync(RunningJobService node, Upload upload) =>
        await GetCall(node, upload);

    private static async Task<ErrorReason> ReasonAsync(RunningJobService node, Upload upload) =>
        (await Refusal.OfAsync(GetCall(node, upload))).Reason;

    private static UploadService.UploadServiceClient UploadsOf(
        RunningJobService node, AccessSetup access, string caller)
    {
        var address = new UriBuilder(node.Address) { Host = "localhost" }.Uri;
        return new(AccessOutcome.ChannelOf(address, access.Callers[caller]));
    }

    private Task<RunningJobService> StartAsync(string name, AccessSetup access) =>
        StartAsync(name, [.. access.Settings]);

    private async Task<RunningJobService> StartAsync(string name, params (string Key, string Value)[] settings)
    {
        var node = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            services => services.AddSingleton(_owners.SeenBy(name)),
            [("Node:Name", name), .. settings]);
        _nodes.Add(node);
        _owners.Addresses[name] = node.Address;
        return node;
    }
}
