using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Messages;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// The request message of an HTTP request in gRPC framing, created while it is read. So the gRPC pipeline limits and
/// counts it like any other message, and reads nothing of a call that it refuses.
/// </summary>
/// <param name="request">The HTTP request.</param>
/// <param name="route">Its route.</param>
/// <param name="pathValues">Values of the path variables.</param>
internal abstract class TranscodedBody(
    HttpRequest request, HttpRoute route, IReadOnlyDictionary<string, string> pathValues) : PipeReader
{
    private const int SegmentBytes = 64 * 1024;

    /// <summary>
    /// Conditions of a change. A service that ignored them would change what the caller wants to keep.
    /// </summary>
    private static readonly string[] Preconditions =
        [HeaderNames.IfMatch, HeaderNames.IfNoneMatch, HeaderNames.IfUnmodifiedSince];

    // The reader controls the amount; the writer never waits.
    private readonly Pipe _frames = new(new PipeOptions(
        pauseWriterThreshold: 0, minimumSegmentSize: SegmentBytes, useSynchronizationContext: false));

    protected HttpRequest Request => request;

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

    /// <summary>Writes more of the message; true at its end.</summary>
    /// <exception cref="ServiceException">The body is not a valid message.</exception>
    protected abstract ValueTask<bool> FillAsync(IBufferWriter<byte> frames, CancellationToken cancellationToken);

    /// <summary>Reads more of the HTTP body.</summary>
    /// <exception cref="ServiceException">MALFORMED_REQUEST: the body violates HTTP.</exception>
    protected async ValueTask<ReadResult> ReadBodyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await request.BodyReader.ReadAsync(cancellationToken);
        }
        catch (BadHttpRequestException failure)
        {
            throw new ServiceException(
                ErrorReason.MalformedRequest, "The body ends before its Content-Length, or its framing is invalid.",
                failure);
        }
    }

    /// <summary>The fields of path and query.</summary>
    /// <exception cref="ServiceException">
    /// INVALID_FIELD; or MALFORMED_REQUEST: a header is an unsupported precondition.
    /// </exception>
    protected RequestFields ReadFields()
    {
        RefusePreconditions();
        var fields = new RequestFields(route.Method.InputType);
        foreach (var (name, value) in pathValues)
        {
            fields.AddPathVariable(name, value);
        }

        foreach (var (name, values) in request.Query)
        {
            if (route.Download?.HasParameter(name) == true)
            {
                continue;
            }

            if (route.IsRequestInBody || (route.HasJsonBody && IsInBody(name)))
            {
                var field = ServiceException.Shorten(name);
                throw ServiceException.InvalidField(
                    field, $"{field} must be in the JSON body of this request, not in its query.");
            }

            foreach (var value in values)
            {
                fields.AddText(name, value ?? "");
            }
        }

        return fields;
    }

    private void RefusePreconditions()
    {
        if (HttpMethods.IsGet(request.Method)
            || HttpMethods.IsHead(request.Method)
            || Preconditions.FirstOrDefault(request.Headers.ContainsKey) is not { } header)
        {
            return;
        }

        var fields = route.BodyField is { FieldType: FieldType.Message } body
            ? body.MessageType
            : route.Method.InputType;
        var whatToDo = fields.FindFieldByName("etag") is null
            ? "Send the request without it."
            : $"Send the etag in the field etag of the {(route.HasJsonBody ? "JSON body" : "query")} instead.";
        throw new ServiceException(ErrorReason.MalformedRequest, $"The header {header} is not supported. {whatToDo}")
        {
            Metadata = new Dictionary<string, string> { ["header"] = header },
        };
    }

    private bool IsInBody(string name) =>
        name.Split('.')[0] is var field && (field == route.BodyField!.Name || field == route.BodyField.JsonName);

    /// <summary>The error for a body of the wrong content type.</summary>
    protected ServiceException WrongContent(string wanted) => new(
        ErrorReason.MalformedRequest,
        $"The body must be {wanted} without encoding: the Content-Type is \"{Sent(request.ContentType)}\", the "
        + $"Content-Encoding \"{Sent(request.Headers.ContentEncoding)}\".")
    {
        Metadata = new Dictionary<string, string>
        {
            ["contentType"] = Sent(request.ContentType),
            ["contentEncoding"] = Sent(request.Headers.ContentEncoding),
        },
    };

    /// <summary>Writes the prefix of a message.</summary>
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

/// <summary>A message with its fields in path, query and, if the route has one, a JSON body.</summary>
/// <param name="request">The HTTP request.</param>
/// <param name="route">Its route.</param>
/// <param name="pathValues">Values of the path variables.</param>
/// <param name="maxBytes">Http:MaxJsonBytes.</param>
internal sealed class JsonBody(
    HttpRequest request, HttpRoute route, IReadOnlyDictionary<string, string> pathValues, int maxBytes)
    : TranscodedBody(request, route, pathValues)
{
    /// <inheritdoc />
    protected override async ValueTask<bool> FillAsync(
        IBufferWriter<byte> frames, CancellationToken cancellationToken)
    {
        var fields = ReadFields();
        if (Route.HasJsonBody)
        {
            await AddBodyAsync(fields, cancellationToken);
        }
        else
        {
            await RequireNoBodyAsync(cancellationToken);
        }

        var message = fields.ToMessage();
        WritePrefix(frames, message.CalculateSize());
        message.WriteTo(frames);
        return true;
    }

    /// <summary>A body may have fields, such as the etag of a deletion, that must not be ignored.</summary>
    private async ValueTask RequireNoBodyAsync(CancellationToken cancellationToken)
    {
        var hasBody = Request.ContentLength > 0;
        while (!hasBody)
        {
            var read = await ReadBodyAsync(cancellationToken);
            hasBody = read.Buffer.Length > 0;
            Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        if (hasBody)
        {
            var fields = Route.Method.InputType.Fields.InDeclarationOrder()
                .Select(field => field.Name)
                .Except(Route.Path.Variables)
                .ToList();
            var whatToDo = fields.Count == 0
                ? "Send the request without it."
                : $"Send its fields in the query: {string.Join(", ", fields)}.";
            throw new ServiceException(
                ErrorReason.MalformedRequest, $"{Route.Verb} {Route.Path} does not take a body. {whatToDo}")
            {
                Metadata = new Dictionary<string, string> { ["method"] = $"{Route.Verb} {Route.Path}" },
            };
        }
    }

    private async ValueTask AddBodyAsync(RequestFields fields, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadBodyAsync(cancellationToken);
            var isTooLarge = read.Buffer.Length > maxBytes;
            if (!isTooLarge && !read.IsCompleted)
            {
                Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var json = isTooLarge ? [] : read.Buffer.ToArray();
            Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (isTooLarge)
            {
                throw TooLarge();
            }

            if (json.Length > 0)
            {
                RequireJson();
                fields.AddJson(json, Route.BodyField);
            }

            return;
        }
    }

    private void RequireJson()
    {
        if (!Request.HasJsonContentType() || Request.Headers.ContentEncoding.Count > 0)
        {
            throw WrongContent("application/json");
        }
    }

    private ServiceException TooLarge()
    {
        const string option = $"{HttpOptions.Section}:{nameof(HttpOptions.MaxJsonBytes)}";
        var limit = maxBytes.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.MessageTooLarge,
            $"The JSON body exceeds its limit of {limit} bytes (option {option}). Send video bytes as a raw body "
            + "(POST /v1/jobs:submit), or as an upload.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = option, ["limit"] = limit },
        };
    }
}

/// <summary>
/// A message with one bytes field that is the raw body; the other fields are in path and query. The body must have a
/// length, so that a too large body is refused before any of its bytes.
/// </summary>
/// <param name="request">The HTTP request.</param>
/// <param name="route">Its route.</param>
/// <param name="pathValues">Values of the path variables.</param>
internal sealed class BytesBody(
    HttpRequest request, HttpRoute route, IReadOnlyDictionary<string, string> pathValues)
    : TranscodedBody(request, route, pathValues)
{
    private bool _isBegun;
    private long _missing;

    /// <inheritdoc />
    protected override async ValueTask<bool> FillAsync(
        IBufferWriter<byte> frames, CancellationToken cancellationToken)
    {
        if (!_isBegun)
        {
            _isBegun = true;
            _missing = RequireLength();
            WriteHead(frames);
            return _missing == 0;
        }

        var read = await ReadBodyAsync(cancellationToken);
        foreach (var piece in read.Buffer)
        {
            frames.Write(piece.Span);
        }

        _missing -= read.Buffer.Length;
        Request.BodyReader.AdvanceTo(read.Buffer.End);
        return _missing == 0 || read.IsCompleted;
    }

    private long RequireLength()
    {
        var type = Request.ContentType ?? "";
        var isBytes = type.Length == 0
            || type.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            // curl --data-binary names it for any file. Pages of other origins are refused before.
            || type.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || type.StartsWith("video/", StringComparison.OrdinalIgnoreCase);
        if (!isBytes || Request.Headers.ContentEncoding.Count > 0)
        {
            throw WrongContent("raw bytes (application/octet-stream)");
        }

        return Request.ContentLength ?? throw new ServiceException(
            ErrorReason.MalformedRequest, "The body must have a Content-Length.");
    }

    /// <summary>Writes everything but the bytes: prefix, other fields, tag and length of the field.</summary>
    private void WriteHead(IBufferWriter<byte> frames)
    {
        using var head = new MemoryStream();
        using (var output = new CodedOutputStream(head, leaveOpen: true))
        {
            ReadFields().ToMessage(elsewhere: Route.BytesField).WriteTo(output);
            output.WriteTag(Route.BytesField!.FieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteUInt64((ulong)_missing);
        }

        WritePrefix(frames, head.Length + _missing);
        frames.Write(head.GetBuffer().AsSpan(0, (int)head.Length));
    }
}
