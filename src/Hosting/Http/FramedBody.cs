using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Messages;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// The message of a call that came over HTTP as gRPC has it on the wire, made while it is read. So whatever waits for a
/// message, bounds it and counts it does so here as well, and nothing is read of a call that was refused before.
/// </summary>
/// <param name="request">The HTTP request.</param>
/// <param name="route">Its route.</param>
/// <param name="pathValues">What its path has for the variables of the route.</param>
internal abstract class FramedBody(
    HttpRequest request, HttpRoute route, IReadOnlyDictionary<string, string> pathValues) : PipeReader
{
    private const int SegmentBytes = 64 * 1024;

    // Whoever reads decides how much there may be: the writer never waits.
    private readonly Pipe _frames = new(new PipeOptions(
        pauseWriterThreshold: 0, minimumSegmentSize: SegmentBytes, useSynchronizationContext: false));

    /// <summary>The HTTP request.</summary>
    protected HttpRequest Request => request;

    /// <summary>Its route.</summary>
    protected HttpRoute Route => route;

    /// <inheritdoc />
    public override bool TryRead(out ReadResult result) => _frames.Reader.TryRead(out result);

    /// <inheritdoc />
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_frames.Reader.TryRead(out var result))
            {
                return result;
            }

            if (await FillAsync(_frames.Writer, cancellationToken))
            {
                await _frames.Writer.CompleteAsync();
            }
            else
            {
                await _frames.Writer.FlushAsync(cancellationToken);
            }
        }
    }

    /// <inheritdoc />
    public override void AdvanceTo(SequencePosition consumed) => _frames.Reader.AdvanceTo(consumed);

    /// <inheritdoc />
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        _frames.Reader.AdvanceTo(consumed, examined);

    /// <inheritdoc />
    public override void CancelPendingRead() => _frames.Reader.CancelPendingRead();

    /// <inheritdoc />
    public override void Complete(Exception? exception = null) => _frames.Reader.Complete(exception);

    /// <summary>Writes more of the message; true when that was the end of it.</summary>
    /// <exception cref="ServiceException">The body does not make a message.</exception>
    protected abstract ValueTask<bool> FillAsync(IBufferWriter<byte> frames, CancellationToken cancellationToken);

    /// <summary>Reads on in the body.</summary>
    /// <exception cref="ServiceException">MALFORMED_REQUEST: it breaks the rules of HTTP.</exception>
    protected async ValueTask<ReadResult> ReadBodyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await request.BodyReader.ReadAsync(cancellationToken);
        }
        catch (BadHttpRequestException failure)
        {
            throw new ServiceException(
                ErrorReason.MalformedRequest, "The body ends before its length, or is not framed as HTTP is.", failure);
        }
    }

    /// <summary>The fields of the path and the query.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    protected RequestFields ReadFields()
    {
        var fields = new RequestFields(route.Method.InputType);
        foreach (var (name, value) in pathValues)
        {
            fields.AddText(name, value);
        }

        foreach (var (name, values) in request.Query)
        {
            if (route.HasJsonBody)
            {
                throw ServiceException.InvalidField(
                    ServiceException.Shorten(name),
                    "The fields of this request are in its JSON body, not in its query.");
            }

            foreach (var value in values)
            {
                fields.AddText(name, value ?? "");
            }
        }

        return fields;
    }

    /// <summary>What a caller is told whose body is of another kind than the route's.</summary>
    protected ServiceException WrongContent(string wanted) => new(
        ErrorReason.MalformedRequest,
        $"The body has to be {wanted}, as it is: the Content-Type is \"{Sent(request.ContentType)}\", the "
        + $"Content-Encoding \"{Sent(request.Headers.ContentEncoding)}\".")
    {
        Metadata = new Dictionary<string, string>
        {
            ["contentType"] = Sent(request.ContentType),
            ["contentEncoding"] = Sent(request.Headers.ContentEncoding),
        },
    };

    /// <summary>Writes what stands before a message.</summary>
    protected static void WritePrefix(IBufferWriter<byte> frames, long messageBytes)
    {
        var prefix = frames.GetSpan(GrpcPrefix.Length);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)Math.Min(messageBytes, uint.MaxValue));
        frames.Advance(GrpcPrefix.Length);
    }

    private static string Sent(string? header) =>
        string.IsNullOrEmpty(header) ? "none" : ServiceException.Shorten(header);
}
