using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Hosting.Configuration;

/// <summary>How a service logs; levels are set as everywhere in .NET, with Logging:LogLevel:{category}.</summary>
public sealed class LogOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Log";

    /// <value>The form of a line.</value>
    [EnumDataType(typeof(LogFormat))]
    public LogFormat Format { get; set; } = LogFormat.Text;
}
