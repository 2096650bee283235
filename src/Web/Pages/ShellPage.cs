using ForegSyte.Hosting.Security;
using Microsoft.AspNetCore.Components;

namespace ForegSyte.Web.Pages;

/// <summary>What every page inside the shell is given.</summary>
public abstract class ShellPage : ComponentBase
{
    /// <summary>Who looks at the page.</summary>
    [Parameter]
    public required Caller Caller { get; set; }

    /// <summary>Path of the page.</summary>
    [Parameter]
    public required string Path { get; set; }

    /// <summary>Token that the scripts send with every change.</summary>
    [Parameter]
    public string? CsrfToken { get; set; }

    /// <summary>Whether the caller signed in on this page, and so can sign out.</summary>
    [Parameter]
    public bool CanSignOut { get; set; }
}
