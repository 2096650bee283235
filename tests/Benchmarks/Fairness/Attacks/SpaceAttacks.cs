using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Benchmarks.Fairness.Attacks;

/// <summary>Uploads that promise nearly all free space and send no byte.</summary>
internal sealed class PromisedSpace : Attack
{
    private const long SmallestPromise = 1 << 16;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public override string Name => "promised-space";

    public override async Task RunAsync(HostileTenant tenant)
    {
        while (true)
        {
            for (var size = new DriveInfo(tenant.Order.DataFolder).AvailableFreeSpace; size >= SmallestPromise;)
            {
                var request = new CreateUploadRequest { SizeBytes = size };
                var created = await tenant.TryAsync(
                    tenant.Uploads.CreateUploadAsync(request, cancellationToken: tenant.Cancellation));
                size = created is null ? size / 2 : size;
            }

            await Task.Delay(Pause, TimeProvider.System, tenant.Cancellation);
        }
    }
}

/// <summary>Hundreds of uploads of one byte that stay open.</summary>
internal sealed class ManyUploads : Attack
{
    private const int Callers = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public override string Name => "many-uploads";

    public override Task RunAsync(HostileTenant tenant) => tenant.RepeatAsync(Callers, async () =>
    {
        var created = await tenant.TryAsync(tenant.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 1 }, cancellationToken: tenant.Cancellation));
        if (created is null)
        {
            await Task.Delay(Pause, TimeProvider.System, tenant.Cancellation);
        }
    });
}

/// <summary>Parts of the largest size that arrive a little faster than the minimum data rate.</summary>
internal sealed class SlowUploads : Attack
{
    private const int Callers = 300;
    private const int PartBytes = 8 << 20;
    private const int BytesPerSecond = 20_000;

    public override string Name => "slow-uploads";

    public override async Task RunAsync(HostileTenant tenant)
    {
        CreateUploadResponse? created = null;
        while (created is null)
        {
            var request = new CreateUploadRequest { SizeBytes = (long)PartBytes * Callers };
            created = await tenant.TryAsync(
                tenant.Uploads.CreateUploadAsync(request, cancellationToken: tenant.Cancellation));
        }

        using var client = new HttpClient(new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
        });
        var offset = -(long)PartBytes;
        await tenant.RepeatAsync(Callers, () => tenant.TryAsync(async () =>
        {
            var part = new UploadPartRequest
            {
                UploadId = created.Upload.UploadId,
                Offset = Interlocked.Add(ref offset, PartBytes) % ((long)PartBytes * Callers),
            };
            using var response = await client.SendAsync(Request(tenant, part), tenant.Cancellation);
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, tenant.Cancellation);
            return response.Headers.TryGetValues("grpc-status", out var status)
                ? $"grpc-status {status.First()}"
                : null;
        }));
    }

    private static HttpRequestMessage Request(HostileTenant tenant, UploadPartRequest part)
    {
        var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(tenant.Order.JobAddress, "/foregsyte.v1.UploadService/UploadPart"))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new TrickledPart(part, PartBytes, BytesPerSecond),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TE.Add(new("trailers"));
        request.Headers.Add("x-api-key", tenant.Order.ApiKey);
        return request;
    }

    /// <summary>A gRPC message that announces its whole length and then arrives slowly.</summary>
    private sealed class TrickledPart(UploadPartRequest part, int dataBytes, int bytesPerSecond) : HttpContent
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken)
        {
            var size = part.CalculateSize() + dataBytes;
            byte[] head =
            [
                0, (byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size, .. part.ToByteArray(),
            ];
            await stream.WriteAsync(head, cancellationToken);
            var slice = new byte[(int)(bytesPerSecond * Interval.TotalSeconds)];
            for (var sent = 0; sent < dataBytes; sent += slice.Length)
            {
                await stream.WriteAsync(slice, cancellationToken);
                await stream.FlushAsync(cancellationToken);
                await Task.Delay(Interval, TimeProvider.System, cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
