using System.Security.Cryptography;
using System.Text;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>A video that the server fetches from another server.</summary>
/// <param name="uri">The uri of the submission.</param>
/// <param name="video">The allowed address of the video.</param>
/// <param name="tenant">Tenant of the submission.</param>
/// <param name="fetcher">Fetches the video.</param>
/// <param name="storage">The target.</param>
/// <param name="checks">The checks of every video.</param>
internal sealed class RemoteSource(
    string uri, RemoteVideo video, string tenant, VideoFetcher fetcher, IStorage storage, VideoChecks checks)
    : IVideoSource
{
    private const string Field = "uri";

    /// <inheritdoc />
    public IReadOnlyList<Warning> Warnings { get; private set; } = [];

    /// <summary>The hash of the uri: the job row keeps it, and the uri may contain a signature.</summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) =>
        new("uri-sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(uri))));

    /// <summary>Checks nothing: the video is unknown before the fetch.</summary>
    public ValueTask CheckAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc />
    public Task<StagedVideo> StageAsync(string key, VideoReservation space, CancellationToken cancellationToken) =>
        StagedVideo.WriteAsync(storage, key, async target =>
        {
            using var sink = new Sink(target, space, checks);
            await fetcher.FetchAsync(video, tenant, sink, cancellationToken);
            Warnings = VideoChecks.RequireMp4(Field, target);
            return sink.Sha256();
        }, cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// Writes and hashes the fetched bytes. Refuses the video as early as possible: after its first bytes if they
    /// cannot begin an MP4, before the write that would exceed the size limit.
    /// </summary>
    private sealed class Sink(Stream target, VideoReservation space, VideoChecks checks) : IFetchSink, IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _beginning = new byte[Mp4Check.BeginningBytes];
        private long _written;

        /// <summary>
        /// Refuses a video without room at once, and takes no room from others: the server can send nothing more.
        /// </summary>
        public void Expect(long totalBytes)
        {
            checks.RequireSize(Field, totalBytes);
            space.Take(totalBytes);
            space.ReserveRoom(totalBytes).Dispose();
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            checks.RequireSize(Field, _written + bytes.Length);
            RequireBeginning(bytes.Span);
            space.Take(_written + bytes.Length);
            using var room = space.ReserveRoom(bytes.Length);
            _hash.AppendData(bytes.Span);
            await target.WriteAsync(bytes, cancellationToken);
            _written += bytes.Length;
        }

        public void Restart()
        {
            _hash.GetHashAndReset();
            target.SetLength(0);
            target.Position = 0;
            _written = 0;
        }

        /// <summary>The hash of all bytes, as 64 lower-case hexadecimal digits.</summary>
        public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public void Dispose() => _hash.Dispose();

        /// <summary>Collects the first bytes, which may arrive one by one, and checks them once complete.</summary>
        private void RequireBeginning(ReadOnlySpan<byte> bytes)
        {
            if (_written >= _beginning.Length)
            {
                return;
            }

            var missing = _beginning.AsSpan((int)_written);
            var taken = Math.Min(missing.Length, bytes.Length);
            bytes[..taken].CopyTo(missing);
            if (_written + taken == _beginning.Length)
            {
                VideoChecks.RequireBeginning(Field, _beginning);
            }
        }
    }
}
