// agent/site/sheet_sections.h
// The sections of a site sheet, each into its part of agent.json. Only for site_sheet.cc. What a value has to
// be is said once, by parse_config(); here keys are known, moved and completed.
#pragma once

#include "agent/config/json_reader.h"
#include "agent/site/site_sheet.h"

namespace imrs::site {

struct Sections {
  ObjectReader& in;  // the sheet
  const Places& places;
  Json& out;   // agent.json, which grows
  Site& site;  // identity and secrets
};

void put_instance(const Sections& sections);
void put_management(const Sections& sections);
void put_neighbours(const Sections& sections);  // after the management address
void put_zones(const Sections& sections);
void put_identity_zone(const Sections& sections);
void put_access(const Sections& sections);
void put_web(const Sections& sections);  // after the neighbours
void put_places(const Sections& sections);
void put_settings(const Sections& sections);  // at last

}  // namespace imrs::site
