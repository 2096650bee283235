using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using PartRequest = ForegSyte.Inference.V1.AnnotateVideoRequest;
using PartResponse = ForegSyte.Inference.V1.AnnotateVideoResponse;

namespace ForegSyte.Jobs.Frames;

/// <summary>
/// Makes annotated copies of videos while they are sent: the InferenceServices draw one part after the other, and the
/// parts follow each other as fragments of an MP4 (ADR 52). Nothing is stored, and one part is in memory.
/// </summary>
internal sealed class AnnotatedCopies(
    IStorage storage, IInferenceClient inference, FramePictures pictures, IOptions<FrameOptions> options,
    IOptions<InferenceOptions> inferenceOptions, IOptions<TenantOptions> tenants, TimeProvider time)
{
    /// <summary>Maximum number of frames of a part: a decoder starts for each, at the key frame before it.</summary>
    internal const int MaxFrames = 250;

    /// <summary>Maximum size of the results of a part, below the size of a message.</summary>
    private const int MaxResultBytes = 2 << 20;

    /// <summary>Maximum number of tries of a part that an InferenceService cannot make at the moment.</summary>
    private const int MaxTries = 30;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly TenantPlaces _places = new(
        new TenantTurns(tenant => tenants.Value.For(tenant).Weight, _ => int.MaxValue),
        () => options.Value.MaxRunningCopies, () => 0);

    /// <summary>Writes the copy of a completed job. A failure leaves an incomplete file.</summary>
    /// <param name="job">The job.</param>
    /// <param name="results">Its analyzed frames, ascending.</param>
    /// <param name="destination">Receives the MP4.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    /// <exception cref="ServiceException">
    /// Those of <see cref="FramePictures.GetAsync"/> without a wrong field.
    /// </exception>
    public async Task WriteAsync(
        JobRecord job, IAsyncEnumerable<FrameResult> results, Stream destination, CancellationToken cancellationToken)
    {
        var (hasHeader, fragments) = (false, 0u);
        await foreach (var part in PartsOf(job.Video!.FrameCount, results, cancellationToken))
        {
            var pending = new Stack<CopyPart>([part]);
            while (pending.TryPop(out var next))
            {
                if (await TryDrawAsync(job, next, isFirst: !hasHeader, cancellationToken) is not { } drawn)
                {
                    var middle = next.Start + ((next.End - next.Start) / 2);
                    pending.Push(next with { Start = middle });
                    pending.Push(next with { End = middle });
                    continue;
                }

                if (!hasHeader)
                {
                    await destination.WriteAsync(drawn.Header.Memory, cancellationToken);
                    hasHeader = drawn.Header.Length > 0;
                }

                var bytes = drawn.Fragments.ToByteArray();
                fragments = Number(bytes, fragments);
                await destination.WriteAsync(bytes, cancellationToken);
            }
        }
    }

    /// <summary>Splits a copy into parts of a bounded number of frames and size of results.</summary>
    /// <param name="frameCount">Number of frames of the video.</param>
    /// <param name="results">Its analyzed frames, ascending.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal static async IAsyncEnumerable<CopyPart> PartsOf(
        int frameCount, IAsyncEnumerable<FrameResult> results,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (start, bytes) = (0, 0);
        var known = new List<FrameResult>();
        await foreach (var frame in results.WithCancellation(cancellationToken))
        {
            // With the analyzed frame behind the part, its last frames can show boxes on their way.
            known.Add(frame);
            bytes += frame.CalculateSize();
            while (frame.FrameIndex >= start + MaxFrames)
            {
                yield return Next(start + MaxFrames);
            }

            if (bytes > MaxResultBytes && frame.FrameIndex > start)
            {
                yield return Next(frame.FrameIndex);
            }
        }

        while (start < frameCount)
        {
            yield return Next(start + MaxFrames);
        }

        CopyPart Next(int end)
        {
            var part = new CopyPart(start, Math.Min(end, frameCount), [.. known]);
            start = part.End;

            // The last analyzed frame before the next part is still shown in it.
            known.RemoveRange(0, Math.Max(0, known.FindLastIndex(frame => frame.FrameIndex < start)));
            bytes = known.Sum(frame => frame.CalculateSize());
            return part;
        }
    }

    /// <summary>Draws a part; null if it has more bytes than a message can have, and must be split.</summary>
    private async Task<PartResponse?> TryDrawAsync(
        JobRecord job, CopyPart part, bool isFirst, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                using var place = await _places.EnterAsync(job.Tenant, cancellationToken);
                return await DrawAsync(job, part, cancellationToken);
            }
            catch (InferenceFailedException failed) when (
                failed.Failure.Reason == ErrorReason.ResultsTooLarge && part.End - part.Start > 1)
            {
                return null;
            }
            catch (InferenceFailedException failed) when (
                failed.Failure.Reason == ErrorReason.UndecodableVideo && !isFirst)
            {
                // A part in the middle of which no frame can be decoded: the copy goes on behind it.
                return new PartResponse();
            }
            catch (InferenceFailedException failed)
            {
                // Before the first byte the caller gets an error and can retry; later the copy would be lost.
                var error = await pictures.ErrorOfAsync(job, failed, cancellationToken);
                var isPassing = error.Reason is ErrorReason.InferenceBusy or ErrorReason.InferenceUnavailable
                    or ErrorReason.DecoderLost;
                if (isFirst || !isPassing || tries == MaxTries)
                {
                    throw error;
                }

                await Task.Delay(error.RetryAfter ?? RetryDelay, time, cancellationToken);
            }
        }
    }

    private async Task<PartResponse> DrawAsync(JobRecord job, CopyPart part, CancellationToken cancellationToken)
    {
        var video = await storage.GrantReadAsync(
            job.InputPath, inferenceOptions.Value.SegmentTimeout, cancellationToken);
        return await inference.AnnotateAsync(
            new PartRequest
            {
                Video = video.ToSource(job.VideoBytes),
                Range = new FrameRange { StartFrame = part.Start, EndFrame = part.End },
                Results = { part.Results },
                FrameStride = StrideOf(job),
            },
            cancellationToken);
    }

    /// <summary>
    /// The distance of two analyzed frames; frames_per_second becomes a stride by the rate of the video.
    /// </summary>
    private static int StrideOf(JobRecord job) => job.Choices.FramesPerSecond > 0
        ? (int)Math.Clamp(Math.Round(job.Video!.FrameRate / job.Choices.FramesPerSecond), 1, int.MaxValue)
        : Math.Max(1, job.FrameStride);

    /// <summary>Numbers the fragments, which begin at 1 in each part; returns the last number.</summary>
    private static uint Number(Span<byte> fragments, uint last)
    {
        // moof begins with mfhd: two headers of 8 bytes, version and flags, and the number.
        const int numberAt = 20;
        for (var at = 0; at + numberAt + sizeof(uint) <= fragments.Length;)
        {
            if (fragments.Slice(at + 4, 4).SequenceEqual("moof"u8))
            {
                BinaryPrimitives.WriteUInt32BigEndian(fragments[(at + numberAt)..], ++last);
            }

            at += Math.Max(8, BinaryPrimitives.ReadInt32BigEndian(fragments[at..]));
        }

        return last;
    }
}

/// <summary>A part of an annotated copy.</summary>
/// <param name="Start">First frame.</param>
/// <param name="End">Frame after the last one.</param>
/// <param name="Results">
/// Its analyzed frames, the one before it and the one behind it, as far as they are known.
/// </param>
internal sealed record CopyPart(int Start, int End, IReadOnlyList<FrameResult> Results);
