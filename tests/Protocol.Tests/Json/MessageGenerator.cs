using System.Collections;
using System.Collections.Immutable;
using CsCheck;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace ForegSyte.Protocol.Tests.Json;

/// <summary>Random messages of any type, made from its descriptor; every field has a chance to be set.</summary>
internal static class MessageGenerator
{
    private const int MaxElements = 3;

    // Where JSON, UTF-8 or a reader of lines could go wrong.
    private static readonly Gen<string> Text = Gen.OneOf(
            "a", "B", "7", " ", "\"", "\\", "/", "'", "<", "&", "\n", "\r", "\t", "\u0001", "\u2028", "é", "出口", "🎥")
        .Array[0, 6].Select(string.Concat);

    private static readonly Gen<float> Float =
        Gen.OneOf(Gen.Single.Where(float.IsFinite), Gen.OneOf(0f, 1f, -1f, 0.1f, 1e-7f, float.MaxValue, float.Epsilon));

    private static readonly Gen<double> Double =
        Gen.OneOf(Gen.Double.Where(double.IsFinite), Gen.OneOf(0d, 0.1d, double.MaxValue, double.Epsilon));

    // The years 0001 to 9999, as the type allows.
    private static readonly Gen<object> Instant = Gen.Select(Gen.Long[-62135596800, 253402300799], Nanoseconds())
        .Select((seconds, nanoseconds) => (object)new Timestamp { Seconds = seconds, Nanos = nanoseconds });

    // 10,000 years to either side; seconds and nanoseconds have one sign.
    private static readonly Gen<object> Span =
        Gen.Select(Gen.Long[0, 315576000000 - 1], Nanoseconds(), Gen.OneOf(-1, 1))
            .Select((seconds, nanoseconds, sign) =>
                (object)new Duration { Seconds = sign * seconds, Nanos = sign * nanoseconds });

    // Canonical JSON has masks in lowerCamelCase, so not every text survives it.
    private static readonly Gen<object> Mask = Gen.OneOf("display_name", "tags", "priority", "options.frame_stride")
        .Array[0, MaxElements].Select(paths => (object)new FieldMask { Paths = { paths } });

    private static readonly Gen<object> Detail =
        Of(ErrorInfo.Descriptor).Select(message => (object)Any.Pack(message));

    /// <summary>Messages of a type.</summary>
    public static Gen<IMessage> Of(MessageDescriptor type) => type.Fields.InDeclarationOrder()
        .Select(SetterOf)
        .Aggregate(
            Gen.Const(ImmutableList<Action<IMessage>>.Empty),
            (list, setter) => Gen.Select(list, setter, (setters, next) => setters.Add(next)))
        .Select(setters =>
        {
            var message = type.Parser.ParseFrom(ByteString.Empty);
            setters.ForEach(set => set(message));
            return message;
        });

    private static Gen<Action<IMessage>> SetterOf(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            var (key, value) = (field.MessageType.Fields[1], field.MessageType.Fields[2]);
            return Gen.Select(ValueOf(key), ValueOf(value)).Array[0, MaxElements].Select(
                entries => (Action<IMessage>)(message =>
                {
                    foreach (var (name, content) in entries)
                    {
                        ((IDictionary)field.Accessor.GetValue(message))[name] = content;
                    }
                }));
        }

        if (field.IsRepeated)
        {
            return ValueOf(field).Array[0, MaxElements].Select(
                values => (Action<IMessage>)(message =>
                    Array.ForEach(values, value => ((IList)field.Accessor.GetValue(message)).Add(value))));
        }

        return Gen.Select(Gen.Bool, ValueOf(field), (set, value) => (Action<IMessage>)(message =>
        {
            if (set)
            {
                field.Accessor.SetValue(message, value);
            }
        }));
    }

    private static Gen<object> ValueOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Int32 => Gen.Int.Select(value => (object)value),
        FieldType.Int64 => Gen.Long.Select(value => (object)value),
        FieldType.UInt32 or FieldType.Fixed32 => Gen.UInt.Select(value => (object)value),
        FieldType.UInt64 => Gen.ULong.Select(value => (object)value),
        FieldType.Float => Float.Select(value => (object)value),
        FieldType.Double => Double.Select(value => (object)value),
        FieldType.Bool => Gen.Bool.Select(value => (object)value),
        FieldType.String => Text.Select(value => (object)value),
        FieldType.Bytes => Gen.Byte.Array[0, 5].Select(value => (object)ByteString.CopyFrom(value)),
        FieldType.Enum => Gen.OneOf([.. field.EnumType.Values.Select(
            value => System.Enum.ToObject(field.EnumType.ClrType, value.Number))]),
        FieldType.Message when field.MessageType.FullName == Timestamp.Descriptor.FullName => Instant,
        FieldType.Message when field.MessageType.FullName == Duration.Descriptor.FullName => Span,
        FieldType.Message when field.MessageType.FullName == FieldMask.Descriptor.FullName => Mask,
        FieldType.Message when field.MessageType.FullName == Any.Descriptor.FullName => Detail,
        FieldType.Message => Of(field.MessageType).Select(value => (object)value),
        _ => throw new NotSupportedException($"{field.FullName} is a {field.FieldType}; make a generator for it."),
    };

    private static Gen<int> Nanoseconds() => Gen.OneOf(Gen.Const(0), Gen.Int[0, 999_999_999]);
}
