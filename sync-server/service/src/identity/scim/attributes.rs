//! Which attribute of a resource is which field of a row. What is not here is neither answered nor taken.

/// A kind of resource.
#[derive(Debug)]
pub struct Resource {
    /// The last part of its address.
    pub name: &'static str,
    /// What one is called.
    pub kind: &'static str,
    /// The table of its rows.
    pub table: &'static str,
    /// Its schema.
    pub schema: &'static str,
    /// The schema of what the standard does not have, if any.
    pub extension: Option<&'static str>,
    /// Attributes with one value; a dot separates an attribute from its part.
    pub single: &'static [Single],
    /// Attributes with several values, told apart by their type.
    pub several: &'static [Several],
    /// References, all in the extension.
    pub links: &'static [Link],
    /// The list that comes from memberships, if there is one.
    pub membership: Option<&'static Membership>,
    /// Whether it may be written.
    pub writable: bool,
}

/// An attribute with one value.
#[derive(Debug)]
pub struct Single {
    /// Its name.
    pub path: &'static str,
    /// The field.
    pub field: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether it is in the extension.
    pub extends: bool,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// Yes or no.
    Boolean,
    /// A moment the server sets.
    Moment,
    /// An identity.
    Id,
    /// What a directory calls it, kept behind a mark.
    External,
}

/// One type of an attribute with several values.
#[derive(Debug)]
pub struct Several {
    /// The attribute.
    pub name: &'static str,
    /// The type.
    pub kind: &'static str,
    /// Its parts and their fields.
    pub parts: &'static [(&'static str, &'static str)],
}

/// A reference to another resource.
#[derive(Debug)]
pub struct Link {
    /// The attribute.
    pub name: &'static str,
    /// The field.
    pub field: &'static str,
    /// The resource it leads to.
    pub to: &'static str,
    /// What the other's name is called.
    pub label: &'static str,
}

/// A list of resources that belong together by rows of `sys_user_grmember`.
#[derive(Debug)]
pub struct Membership {
    /// The attribute.
    pub name: &'static str,
    /// The field of a membership that leads back to this resource.
    pub here: &'static str,
    /// The field that leads to the other.
    pub there: &'static str,
    /// The other resource.
    pub to: &'static str,
}

/// The mark before what a directory calls a row, in the field `source`.
pub const EXTERNAL: &str = "scim:";

const fn core(path: &'static str, field: &'static str, shape: Shape) -> Single {
    Single { path, field, shape, extends: false }
}

const fn extra(path: &'static str, field: &'static str) -> Single {
    Single { path, field, shape: Shape::Text, extends: true }
}

const ID: Single = core("id", "sys_id", Shape::Id);
const CREATED: Single = core("meta.created", "sys_created_on", Shape::Moment);
const MODIFIED: Single = core("meta.lastModified", "sys_updated_on", Shape::Moment);
const EXTERNAL_ID: Single = core("externalId", "source", Shape::External);

const fn looked_up(name: &'static str, kind: &'static str, table: &'static str, schema: &'static str) -> Resource {
    const FIELDS: &[Single] = &[ID, core("name", "name", Shape::Text), CREATED, MODIFIED];
    Resource {
        name,
        kind,
        table,
        schema,
        extension: None,
        single: FIELDS,
        several: &[],
        links: &[],
        membership: None,
        writable: false,
    }
}

/// Every resource there is.
pub static RESOURCES: [Resource; 6] = [
    Resource {
        name: "Users",
        kind: "User",
        table: "sys_user",
        schema: "urn:ietf:params:scim:schemas:core:2.0:User",
        extension: Some("urn:ietf:params:scim:schemas:extension:servicenow:2.0:User"),
        single: &[
            ID,
            EXTERNAL_ID,
            core("userName", "user_name", Shape::Text),
            core("displayName", "name", Shape::Text),
            core("name.formatted", "name", Shape::Text),
            core("name.familyName", "last_name", Shape::Text),
            core("name.givenName", "first_name", Shape::Text),
            core("name.middleName", "middle_name", Shape::Text),
            core("title", "title", Shape::Text),
            core("preferredLanguage", "preferred_language", Shape::Text),
            core("timezone", "time_zone", Shape::Text),
            core("active", "active", Shape::Boolean),
            extra("employeeNumber", "employee_number"),
            extra("gender", "gender"),
            CREATED,
            MODIFIED,
        ],
        several: &[
            Several { name: "emails", kind: "work", parts: &[("value", "email")] },
            Several { name: "phoneNumbers", kind: "work", parts: &[("value", "phone")] },
            Several { name: "phoneNumbers", kind: "mobile", parts: &[("value", "mobile_phone")] },
            Several { name: "phoneNumbers", kind: "home", parts: &[("value", "home_phone")] },
            Several {
                name: "addresses",
                kind: "work",
                parts: &[
                    ("streetAddress", "street"),
                    ("locality", "city"),
                    ("region", "state"),
                    ("postalCode", "zip"),
                    ("country", "country"),
                ],
            },
        ],
        links: &[
            Link { name: "manager", field: "manager", to: "Users", label: "displayName" },
            Link { name: "department", field: "department", to: "Departments", label: "name" },
            Link { name: "costCenter", field: "cost_center", to: "CostCenters", label: "name" },
            Link { name: "company", field: "company", to: "Companies", label: "name" },
            Link { name: "location", field: "location", to: "Locations", label: "name" },
        ],
        membership: Some(&Membership { name: "groups", here: "user", there: "group", to: "Groups" }),
        writable: true,
    },
    Resource {
        name: "Groups",
        kind: "Group",
        table: "sys_user_group",
        schema: "urn:ietf:params:scim:schemas:core:2.0:Group",
        extension: None,
        single: &[ID, EXTERNAL_ID, core("displayName", "name", Shape::Text), CREATED, MODIFIED],
        several: &[],
        links: &[],
        membership: Some(&Membership { name: "members", here: "group", there: "user", to: "Users" }),
        writable: true,
    },
    looked_up("Companies", "Company", "core_company", "urn:ietf:params:scim:schemas:custom:servicenow:2.0:Company"),
    looked_up(
        "CostCenters",
        "CostCenter",
        "cmn_cost_center",
        "urn:ietf:params:scim:schemas:custom:servicenow:2.0:CostCenter",
    ),
    looked_up(
        "Departments",
        "Department",
        "cmn_department",
        "urn:ietf:params:scim:schemas:custom:servicenow:2.0:Department",
    ),
    looked_up("Locations", "Location", "cmn_location", "urn:ietf:params:scim:schemas:custom:servicenow:2.0:Location"),
];

/// The resource of an address.
pub fn resource(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

impl Resource {
    /// An attribute's name without its schema, and whether it is in the extension. Case does not count in names, and a core
    /// attribute may stand without its schema (RFC 7644, section 3.10).
    pub fn within<'p>(&self, path: &'p str) -> (bool, &'p str) {
        let after = |schema: &str| {
            let head = path.get(..schema.len()).filter(|head| head.eq_ignore_ascii_case(schema))?;
            path[head.len()..].strip_prefix(':')
        };
        if let Some(rest) = self.extension.and_then(after) {
            return (true, rest);
        }
        (false, after(self.schema).unwrap_or(path))
    }

    /// How the standard writes the name of an attribute or of the extension; `None` for one there is not.
    pub fn written(&self, name: &str) -> Option<&'static str> {
        let single = self.single.iter().map(|single| single.path.split('.').next().unwrap_or_default());
        let several = self.several.iter().map(|several| several.name);
        let links = self.links.iter().map(|link| link.name);
        let others = self.membership.iter().map(|membership| membership.name).chain(self.extension).chain(["schemas"]);
        let mut names = single.chain(several).chain(links).chain(others);
        names.find(|known| known.eq_ignore_ascii_case(name))
    }
}
