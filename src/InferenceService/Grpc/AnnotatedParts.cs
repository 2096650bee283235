using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ForegSyte.Annotation;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// Draws results on a part of a video. One ffmpeg in the sandbox of decoders decodes, draws and encodes (ADR 32, 52).
/// </summary>
internal sealed class AnnotatedParts(
    VideoProbe probe,
    DecoderTools tools,
    MemoryBudget memory,
    IOptions<VideoOptions> video,
    IOptions<MemoryOptions> memoryOptions,
    IOptions<GrpcOptions> options,
    TimeProvider time)
{
    private const string ScriptName = "results.ass";
    private const string FontFolder = "fonts";
    private const string Preset = "veryfast";
    private const int ConstantRateFactor = 23;

    /// <summary>Pictures of the encoder: its lookahead, references, and those that its threads work on.</summary>
    private const int EncoderPictures = 24;

    /// <summary>Bytes of a pixel of the encoder, with motion vectors and smaller copies for the lookahead.</summary>
    private const int EncoderPixelBytes = 4;

    /// <summary>libass with its font and the script, and the part itself.</summary>
    private const int DrawingBytes = 96 << 20;

    /// <summary>Room in a response beside the part.</summary>
    private const int OtherBytes = 1024;

    /// <summary>Draws the results of a request on its frames.</summary>
    /// <exception cref="ServiceException">
    /// INVALID_FRAME_RANGE, RESULTS_TOO_LARGE, UNDECODABLE_VIDEO, DEADLINE_EXCEEDED, and those of
    /// <see cref="VideoProbe.ReadAsync(VideoFile, TimeSpan, CancellationToken)"/>.
    /// </exception>
    public async Task<AnnotateVideoResponse> DrawAsync(
        VideoFile file, AnnotateVideoRequest request, CancellationToken cancellationToken)
    {
        if (file.Remote is { } remote)
        {
            await remote.FetchAllAsync(cancellationToken);
        }

        try
        {
            var index = await probe.ReadAsync(file, options.Value.MaxWaitTime, cancellationToken);
            var plan = DecodePlan.Make(index, request.Range, stride: 1);
            var bytes = Math.Min(memory.Bytes, MemoryOf(index));
            using var share = await memory.TakeAsync(
                [bytes], isBrief: false, options.Value.MaxWaitTime, time, cancellationToken);
            return await DrawAsync(file, index, plan, request, bytes, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw AdmissionFailures.NoMemory(options.Value);
        }
    }

    private async Task<AnnotateVideoResponse> DrawAsync(
        VideoFile file, VideoIndex index, DecodePlan plan, AnnotateVideoRequest request, long bytes,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.SegmentTimeLimit, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var folder = Directory.CreateTempSubdirectory("foregsyte-");
        try
        {
            var clock = CopyClock.For(index);
            await WriteFilesAsync(folder.FullName, index, clock, plan, request, ending.Token);
            var part = await RunAsync(file, index, clock, plan, plan.SeekTo, folder.FullName, bytes, ending.Token);
            return plan.SeekTo is not null && part.Frames < plan.WantedCount
                // Frames that a seek misses may still be found from the beginning.
                ? await RunAsync(file, index, clock, plan, seek: null, folder.FullName, bytes, ending.Token)
                : part;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw AdmissionFailures.SegmentTooLong(options.Value.SegmentTimeLimit);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Writes the script of the part, and the font.</summary>
    private static async Task WriteFilesAsync(
        string folder, VideoIndex index, CopyClock clock, DecodePlan plan, AnnotateVideoRequest request,
        CancellationToken cancellationToken)
    {
        var fonts = Directory.CreateDirectory(Path.Combine(folder, FontFolder));
        await using (var font = File.Create(Path.Combine(fonts.FullName, LabelFont.FileName)))
        await using (var embedded = LabelFont.Open())
        {
            await embedded.CopyToAsync(font, cancellationToken);
        }

        var drawing = new ResultDrawing(index.Info.Width, index.Info.Height);
        await using var writer = new StreamWriter(Path.Combine(folder, ScriptName));
        var script = new AssScript(writer);
        script.WriteHeader(index.Info.Width, index.Info.Height, drawing.EmHeight);
        var spans = ResultTimeline.SpansAsync(
            request.Results.ToAsyncEnumerable(), request.FrameStride, clock.FrameCount, cancellationToken);
        await foreach (var span in spans)
        {
            var (start, end) = (Math.Max(span.StartFrame, plan.StartFrame), Math.Min(span.EndFrame, plan.EndFrame));
            if (start < end)
            {
                drawing.Write(
                    script, span.Result, span.IsHeld, clock.ChangeTo(start), clock.ChangeTo(end), span.IsDamaged);
            }
        }
    }

    private async Task<AnnotateVideoResponse> RunAsync(
        VideoFile file, VideoIndex index, CopyClock clock, DecodePlan plan, SeekPoint? seek, string folder, long bytes,
        CancellationToken cancellationToken)
    {
        var threads = video.Value.DecoderThreads;
        var addressSpace = tools.AddressSpace(bytes, 2 * threads, memoryOptions.Value);
        var command = tools.Ffmpeg(
            Arguments(file, index, clock, plan, seek, folder, threads), file, addressSpace, folder);
        var tail = new LogTail();
        var limitBytes = options.Value.MaxResponseBytes - OtherBytes;
        using var part = new MemoryStream();
        await using var process = ChildProcess.Start(command, tail.Take);
        await using var kill = cancellationToken.Register(process.Kill);
        var buffer = new byte[ChildProcess.PipeBytes];
        while (await process.Output.ReadAsync(buffer, CancellationToken.None) is > 0 and var read)
        {
            if (part.Length + read > limitBytes)
            {
                throw TooLarge(limitBytes);
            }

            part.Write(buffer, 0, read);
        }

        var exitCode = await process.WaitForExitAsync();
        cancellationToken.ThrowIfCancellationRequested();
        var fragments = Fragments.Of(part.GetBuffer().AsSpan(0, (int)part.Length));
        if (DecoderExit.SegmentFailure(
            exitCode, plan.WantedCount, fragments.Frames, tail, video.Value, addressSpace) is { } failure)
        {
            failure.LastWords = DecoderLogExcerpt.Of(tail, file.Path);
            throw failure;
        }

        return new AnnotateVideoResponse
        {
            Header = ByteString.CopyFrom(part.GetBuffer(), 0, fragments.Start),
            Fragments = ByteString.CopyFrom(part.GetBuffer(), fragments.Start, (int)part.Length - fragments.Start),
            Frames = fragments.Frames,
        };
    }

    private IReadOnlyList<string> Arguments(
        VideoFile file, VideoIndex index, CopyClock clock, DecodePlan plan, SeekPoint? seek, string folder,
        int threads)
    {
        var drawn = tools.Sandbox.FolderPath(folder);
        var threadText = threads.ToString(CultureInfo.InvariantCulture);
        return
        [
            "-hide_banner", "-nostats", "-nostdin", "-loglevel", "error",
            .. SandboxedInput.Arguments(video.Value.Limits),
            "-threads", threadText, "-filter_threads", threadText, "-filter_complex_threads", threadText,
            .. CopyGraph.Input(index, seek, tools.InputPath(file)),
            "-filter_complex",
            new CopyGraph(index, clock, $"{drawn}/{ScriptName}", $"{drawn}/{FontFolder}")
                .Make(plan.StartFrame, plan.EndFrame, shift: 0),
            .. CopyGraph.Output(clock, plan.EndFrame, Preset, ConstantRateFactor),

            // Fragments with their own times, which follow those of another part. Without frames that refer to later
            // ones, the times need no edit list.
            "-threads", threadText, "-bf", "0", "-use_editlist", "0", "-avoid_negative_ts", "disabled",
            "-movflags", "+frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer",
            "-f", "mp4", "pipe:1",
        ];
    }

    private long MemoryOf(VideoIndex index)
    {
        var size = DecodeSize.Native.For(index.Info.Width, index.Info.Height);
        return SegmentMemory.OfDecoder(index, size, video.Value.DecoderThreads) + DrawingBytes
            + ((long)index.Info.Width * index.Info.Height * EncoderPixelBytes * EncoderPictures);
    }

    private static ServiceException TooLarge(int limitBytes)
    {
        var limit = limitBytes.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.ResultsTooLarge,
            $"The part of the annotated copy exceeds the limit of {limit} bytes (option Grpc:MaxResponseBytes). Ask "
            + "for fewer frames.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = "Grpc:MaxResponseBytes", ["limit"] = limit },
        };
    }

    /// <summary>The fragments of an MP4 that ffmpeg wrote.</summary>
    /// <param name="Start">Offset of the first one.</param>
    /// <param name="Frames">Number of their frames.</param>
    private readonly record struct Fragments(int Start, int Frames)
    {
        private const int HeaderBytes = 8;

        /// <summary>Version and flags of a full box, before the number of samples of a trun.</summary>
        private const int FlagBytes = 4;

        public static Fragments Of(ReadOnlySpan<byte> file)
        {
            var (start, frames) = (file.Length, 0);
            for (var at = 0; at + HeaderBytes <= file.Length;)
            {
                var size = BinaryPrimitives.ReadInt32BigEndian(file[at..]);
                if (Type(file[at..]) == "moof")
                {
                    start = Math.Min(start, at);
                    frames += FramesOf(file.Slice(at, size));
                }

                at += Math.Max(HeaderBytes, size);
            }

            return new Fragments(start, frames);
        }

        private static int FramesOf(ReadOnlySpan<byte> box)
        {
            var frames = 0;
            for (var at = HeaderBytes; at + HeaderBytes <= box.Length;)
            {
                var inner = box.Slice(at, BinaryPrimitives.ReadInt32BigEndian(box[at..]));
                frames += Type(inner) switch
                {
                    "traf" => FramesOf(inner),
                    "trun" => BinaryPrimitives.ReadInt32BigEndian(inner[(HeaderBytes + FlagBytes)..]),
                    _ => 0,
                };
                at += inner.Length;
            }

            return frames;
        }

        private static string Type(ReadOnlySpan<byte> box) => Encoding.ASCII.GetString(box.Slice(4, 4));
    }
}
